import type { Device } from "../../kernel/devices.ts";

/** linux/vboxguest.h and linux/vbox_vmmdev_types.h, for machines of 64 bits. */
const headerBytes = 24;
const headerVersion = 0x10001;
const connectBytes = headerBytes + 4 + 128;
const callHeadBytes = headerBytes + 16;
const parameterBytes = 16;
const localhostExisting = 2;
const answerTimeoutMs = 10_000;

/** _IOC(_IOC_READ | _IOC_WRITE, 'V', number, size) */
function requestNumber(number: number, sizeBytes: number): number {
  return ((3 << 30) | (sizeBytes << 16) | (0x56 << 8) | number) >>> 0;
}
const hgcmConnect = 4;
const hgcmDisconnect = 5;
const hgcmCall64 = 7;

/** A parameter of a call: a number of 32 bits, or memory that the host reads and writes. */
export type HgcmParameter = number | Uint8Array;
const type32Bit = 1;
const typeMemory = 4;

/** A connection to a part of VirtualBox's host through the guest device (HGCM, its host-guest communication manager). */
export interface HgcmConnection {
  /** Calls a function; gives the numbers as the host left them. Throws when the host refuses. */
  call(what: string, functionNumber: number, parameters: readonly HgcmParameter[]): number[];
  disconnect(): void;
}

/** Connects to the part of the host that has that name. Throws when there is none. */
export function connectHgcm(device: Device, name: string): HgcmConnection {
  const connect = message(connectBytes);
  connect.writeUInt32LE(localhostExisting, headerBytes);
  connect.write(name, headerBytes + 4, 127, "latin1");
  send(device, hgcmConnect, connect, `connect to ${name}`);
  const client = connect.readUInt32LE(headerBytes);
  return {
    call(what, functionNumber, parameters) {
      const call = message(callHeadBytes + parameters.length * parameterBytes);
      call.writeUInt32LE(client, headerBytes);
      call.writeUInt32LE(functionNumber, headerBytes + 4);
      call.writeUInt32LE(answerTimeoutMs, headerBytes + 8);
      call.writeUInt16LE(parameters.length, headerBytes + 14);
      for (const [index, parameter] of parameters.entries()) {
        const at = callHeadBytes + index * parameterBytes;
        if (typeof parameter === "number") {
          call.writeUInt32LE(type32Bit, at);
          call.writeUInt32LE(parameter, at + 4);
        } else {
          call.writeUInt32LE(typeMemory, at);
          call.writeUInt32LE(parameter.length, at + 4);
          call.writeBigUInt64LE(device.addressOf(parameter), at + 8);
        }
      }
      send(device, hgcmCall64, call, what);
      return parameters.map((_, index) =>
        call.readUInt32LE(callHeadBytes + index * parameterBytes + 4),
      );
    },
    disconnect() {
      const end = message(headerBytes + 4);
      end.writeUInt32LE(client, headerBytes);
      send(device, hgcmDisconnect, end, "disconnect");
    },
  };
}

function message(sizeBytes: number): Buffer {
  const buffer = Buffer.alloc(sizeBytes);
  buffer.writeUInt32LE(sizeBytes, 0);
  buffer.writeUInt32LE(headerVersion, 4);
  buffer.writeUInt32LE(sizeBytes, 16);
  return buffer;
}

function send(device: Device, number: number, content: Buffer, what: string): void {
  device.ioctl(requestNumber(number, content.length), content);
  const status = content.readInt32LE(12);
  if (status < 0) {
    throw new Error(`VirtualBox's host refused to ${what} (VBox status ${status})`);
  }
}
