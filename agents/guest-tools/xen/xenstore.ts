import { xenBusDevice } from "../../hypervisor/known/xen.ts";
import type { Kernel } from "../../kernel/kernel.ts";

/** Xen: docs/misc/xenstore.txt and xen/io/xs_wire.h. */
const XS_WRITE = 11;
const XS_ERROR = 16;
const headerBytes = 16;

/**
 * Writes entries below this domain's own place in XenStore, one after another. Throws what the store refused; an
 * entry that this domain may not write (EACCES) is left out, since hosts differ in what they let guests say.
 */
export function writeXenStore(kernel: Kernel, entries: ReadonlyMap<string, string>): void {
  const device = kernel.openDevice(xenBusDevice);
  try {
    let id = 0;
    for (const [path, value] of entries) {
      id += 1;
      device.write(request(XS_WRITE, id, Buffer.from(`${path}\0${value}`)));
      const head = Buffer.from(device.read(headerBytes));
      const answer = Buffer.from(device.read(head.readUInt32LE(12))).toString("latin1");
      if (head.readUInt32LE(0) !== XS_ERROR) {
        continue;
      }
      const code = answer.replace(/\0.*$/s, "");
      if (code !== "EACCES") {
        throw new Error(`XenStore refused ${path}: ${code}`);
      }
    }
  } finally {
    device.close();
  }
}

function request(type: number, id: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(headerBytes);
  head.writeUInt32LE(type, 0);
  head.writeUInt32LE(id, 4);
  head.writeUInt32LE(payload.length, 12);
  return Buffer.concat([head, payload]);
}
