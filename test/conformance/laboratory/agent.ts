// What the resident agent does for containers (health checks), started in the laboratory as it is in a guest.
import { watchContainers } from "../../../agents/containers/watch-containers.ts";
import { linuxKernel } from "../../../agents/kernel/linux/linux-kernel.ts";

watchContainers(linuxKernel, "tc");
