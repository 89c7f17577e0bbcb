import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { bootcImages, imageInGuest, type ListedImage } from "../bootc/guest-image.ts";
import { installToFile } from "../bootc/install.ts";
import { ago, diskBytes, humanSize } from "../bootc/size.ts";
import { addInstallFlags, type InstallFlags, installOptionsOf } from "./bootc-flags.ts";
import type { BootcContext } from "./bootc-host.ts";
import { formatTable } from "./table.ts";

const shortDigits = 12;

/** `bootc images`: the images of the machine that builds which can be booted. */
export function addImages(bootc: Command, context: BootcContext): void {
  bootc
    .command("images")
    .description("List the bootc images that the machine has")
    .option("--json", "as JSON", false)
    .action(async ({ json }: { json: boolean }) => {
      await context.withBootc(async ({ builder }) => {
        const images = await bootcImages((await builder.get()).target);
        for (const line of json ? [jsonOf(images)] : tableOf(images, Date.now())) {
          context.terminal.out(line);
        }
      });
    });
}

function jsonOf(images: readonly ListedImage[]): string {
  const shown = images.map((one) => ({
    Repository: one.repository,
    Tag: one.tag,
    Id: one.id,
    Created: new Date(one.createdMs).toISOString(),
    Size: one.sizeBytes,
  }));
  return JSON.stringify(shown, null, 4);
}

/** The list as podman-bootc prints it. */
export function tableOf(images: readonly ListedImage[], nowMs: number): string[] {
  const rows = images.map((one) => [
    one.repository,
    one.tag,
    one.id.slice(0, shortDigits),
    ago(one.createdMs, nowMs),
    humanSize(one.sizeBytes).replace(/(?<=\d)(?=[a-zA-Z])/, " "),
  ]);
  return formatTable([["REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"], ...rows]);
}

/** `bootc to-disk`: installs an image to a file. */
export function addToDisk(bootc: Command, context: BootcContext): void {
  const command = bootc
    .command("to-disk")
    .description("Install a bootc image to a file that a machine boots from")
    .argument("<image>", "name or ID of an image in the machine that builds, or to be pulled")
    .argument("<file>", "the file, which is replaced when all went well")
    .addOption(
      new Option("--format <format>", "form of the file").choices(["raw", "qcow2"]).default("raw"),
    );
  addInstallFlags(command).action(
    async (name: string, file: string, flags: InstallFlags & { format: "raw" | "qcow2" }) => {
      const options = installOptionsOf(flags, context.person.environment);
      await context.withBootc(async (bootc) => {
        const builder = await bootc.builder.get();
        const image = await imageInGuest(builder.target, name);
        const sizeBytes = diskBytes(image.sizeBytes, flags.diskSize);
        const wanted = { path: resolve(file), format: flags.format, sizeBytes };
        await installToFile(builder, image, wanted, options);
      });
    },
  );
}
