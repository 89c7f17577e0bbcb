import { stateFolder } from "../kernel/state-folder.ts";

/** Services write here, in RAM. */
export const ramFolder = "/var/log";
/** Where logs are kept when there is a data disk; hooks write here themselves. */
export const diskFolder = `${stateFolder}/log`;
