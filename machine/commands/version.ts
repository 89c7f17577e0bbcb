import packageJson from "../../package.json" with { type: "json" };

/** The version of all of boot2podman. */
export const ownVersion = packageJson.version;
