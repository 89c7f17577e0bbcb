/** What an Ignition config has for the agents, for as long as the machine runs; root's alone. */
export const ignitionRecordPath = "/run/boot2podman/ignition.provision";
