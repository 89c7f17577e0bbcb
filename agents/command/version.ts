import description from "../../package.json" with { type: "json" };

/** Version of boot2podman; package.json is the only place where it stands. */
export const version: string = description.version;
