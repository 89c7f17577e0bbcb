import { kernelPayload } from "./bzimage.ts";
import { decompress } from "./decompress.ts";
import { pvhEntry } from "./pvh-entry.ts";

/**
 * The uncompressed kernel (vmlinux) in a bzImage, which QEMU can enter by PVH: an emulated machine then need
 * not decompress its kernel by itself, which takes 2 s of a boot. It is loaded where it was linked, so there is no
 * KASLR. Undefined for any file that this can't be done with.
 */
export async function pvhKernel(bzImage: Buffer): Promise<Buffer | undefined> {
  const payload = kernelPayload(bzImage);
  const kernel = payload && (await decompress(payload));
  return kernel && pvhEntry(kernel) !== undefined ? kernel : undefined;
}
