// What the resident agent does for containers (health checks), services of Quadlet files, and clients of Varlink, started in the laboratory as it is in a guest.
import { findUser } from "../../../agents/accounts/find-user.ts";
import { watchContainers } from "../../../agents/containers/watch-containers.ts";
import { serveVarlink } from "../../../agents/init-hooks/watch/user-podman-socket.ts";
import { linuxKernel } from "../../../agents/kernel/linux/linux-kernel.ts";
import { serveServices } from "../../../agents/quadlet/stage.ts";

watchContainers(linuxKernel, "tc");
serveServices(linuxKernel, "tc");
linuxKernel.mkdir("/run/podman", { mode: 0o700 });
linuxKernel.mkdir("/run/boot2podman");
serveVarlink(linuxKernel, findUser(linuxKernel, "tc"));
