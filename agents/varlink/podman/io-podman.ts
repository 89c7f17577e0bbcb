import { oneLine } from "../../command/one-line.ts";
import type { ServedInterface } from "../service/interface.ts";
import { podmanDescription } from "./description.ts";
import { buildMethods } from "./methods/build.ts";
import { containerMethods } from "./methods/containers.ts";
import { fileMethods } from "./methods/files.ts";
import { imageMethods } from "./methods/images.ts";
import { lifecycleMethods } from "./methods/lifecycle.ts";
import { logMethods } from "./methods/logs.ts";
import { podMethods } from "./methods/pods.ts";
import { statsMethods } from "./methods/stats.ts";
import { systemMethods } from "./methods/system.ts";
import { terminalMethods } from "./methods/terminals.ts";
import { transferMethods } from "./methods/transfers.ts";
import { volumeMethods } from "./methods/volumes.ts";
import type { Podman } from "./rest/podman.ts";

/**
 * Methods of the interface that Podman 5 can't be asked for over its socket, with the reason; they are answered with
 * MethodNotImplemented.
 */
export const notInPodman: Readonly<Record<string, string>> = {
  Reset: "would remove the service that answers it: podman system reset",
  AttachControl: "had no answer in Podman 1 either",
  ContainerArtifacts: "files of Podman's own database, not given by its socket",
  ContainerRunlabel: "runs a command of an image's label on the machine: podman container runlabel",
  CreateFromCC: "takes a structure of Podman 1's own code",
  GetLayersMapWithImageInfo: "layers of Podman's store, not given by its socket: ImageTree",
  BuildImageHierarchyMap: "layers of Podman's store, not given by its socket: ImageTree",
};

/** io.podman, answered by a Podman of today. */
export function ioPodman(podman: Podman): ServedInterface {
  return {
    description: podmanDescription,
    failure: (error) => ({
      error: "io.podman.ErrorOccurred",
      parameters: { reason: oneLine(error) },
    }),
    handlers: {
      ...systemMethods(podman),
      ...containerMethods(podman),
      ...lifecycleMethods(podman),
      ...statsMethods(podman),
      ...logMethods(podman),
      ...terminalMethods(podman),
      ...imageMethods(podman),
      ...transferMethods(podman),
      ...buildMethods(podman),
      ...fileMethods(podman),
      ...podMethods(podman),
      ...volumeMethods(podman),
    },
  };
}
