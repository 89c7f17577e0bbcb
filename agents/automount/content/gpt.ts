import type { TableEntry } from "./content.ts";
import { crc32 } from "./crc32.ts";

const signature = Buffer.from("EFI PART");
const headerBytes = 92;
/** Length of one entry of a GPT, the least that the UEFI specification allows and what everybody writes. */
export const gptEntryBytes = 128;
/** Entries of a GPT: the specification reserves 16 KiB at least. */
export const gptEntryCount = 128;
/** Linux filesystem data (UEFI specification, Discoverable Partitions). */
export const linuxDataGuid = "0fc63daf-8483-4772-8e79-3d69d8477de4";

/** Reads bytes of a device; throws where it can't read or ends before. */
export type ReadBytes = (offsetBytes: number, lengthBytes: number) => Uint8Array;

/** A disk as the reader of a GPT sees it. */
export interface Sectors {
  read: ReadBytes;
  sizeBytes: number;
  sectorBytes: number;
}

/** A GPT that is whole, or one of which something is wrong, with what. */
export type GptFound =
  | { state: "sound"; entries: TableEntry[] }
  | { state: "damaged"; why: string };

/** Reads the GPT whose header is at that sector; undefined when there is none. */
export function findGpt(device: Sectors, headerSector: number): GptFound | undefined {
  const { read, sizeBytes, sectorBytes } = device;
  if (headerSector < 1 || (headerSector + 1) * sectorBytes > sizeBytes) {
    return undefined;
  }
  const header = Buffer.from(read(headerSector * sectorBytes, sectorBytes));
  if (!header.subarray(0, 8).equals(signature)) {
    return undefined;
  }
  const size = header.readUInt32LE(12);
  if (size < headerBytes || size > header.length) {
    return { state: "damaged", why: `header of ${size} bytes` };
  }
  const checked = Buffer.from(header.subarray(0, size));
  checked.writeUInt32LE(0, 16);
  if (crc32(checked) !== header.readUInt32LE(16)) {
    return { state: "damaged", why: "header checksum" };
  }
  const count = header.readUInt32LE(80);
  const entryBytes = header.readUInt32LE(84);
  if (entryBytes !== gptEntryBytes || count > 1024) {
    return { state: "damaged", why: `${count} entries of ${entryBytes} bytes` };
  }
  const firstByte = Number(header.readBigUInt64LE(72)) * sectorBytes;
  if (firstByte + count * entryBytes > sizeBytes) {
    return { state: "damaged", why: "entries beyond the end" };
  }
  const array = Buffer.from(read(firstByte, count * entryBytes));
  if (crc32(array) !== header.readUInt32LE(88)) {
    return { state: "damaged", why: "entries checksum" };
  }
  return { state: "sound", entries: entriesOf(array, count, sectorBytes) };
}

function entriesOf(array: Buffer, count: number, sectorBytes: number): TableEntry[] {
  const entries: TableEntry[] = [];
  for (let index = 0; index < count; index += 1) {
    const entry = array.subarray(index * gptEntryBytes, (index + 1) * gptEntryBytes);
    const typeCode = guidText(entry.subarray(0, 16));
    if (/^[0-]+$/.test(typeCode)) {
      continue;
    }
    const first = Number(entry.readBigUInt64LE(32));
    const last = Number(entry.readBigUInt64LE(40));
    entries.push({
      number: index + 1,
      startBytes: first * sectorBytes,
      sizeBytes: (last - first + 1) * sectorBytes,
      typeCode,
    });
  }
  return entries;
}

/** The first three fields of a GUID are little-endian on disk. */
export function guidText(bytes: Uint8Array): string {
  const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
  const hex = Buffer.from(order.map((index) => bytes[index] ?? 0)).toString("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** The 16 bytes of a GUID as a GPT stores them: its first three fields with the lowest byte first. */
export function guidBytes(text: string): Buffer {
  const big = Buffer.from(text.replaceAll("-", ""), "hex");
  const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
  return Buffer.from(order.map((index) => big[index] ?? 0));
}

/** What a GPT with one partition says of itself; undefined when there is none or it isn't sound. */
export function readGptPlan(
  device: Pick<Sectors, "read" | "sizeBytes">,
  sectorBytes: number,
): GptPlan | undefined {
  const sectors: Sectors = {
    read: (at, length) => device.read(at, length),
    sizeBytes: device.sizeBytes,
    sectorBytes,
  };
  const found = findGpt(sectors, 1);
  const [entry] = found?.state === "sound" ? found.entries : [];
  if (entry === undefined) {
    return undefined;
  }
  const header = Buffer.from(device.read(sectorBytes, sectorBytes));
  const entriesSector = Number(header.readBigUInt64LE(72));
  const array = Buffer.from(device.read(entriesSector * sectorBytes, gptEntryBytes));
  return {
    sectorBytes,
    diskSectors: Number(header.readBigUInt64LE(32)) + 1,
    diskGuid: guidText(header.subarray(56, 72)),
    partitionGuid: guidText(array.subarray(16, 32)),
    partitionName: array.subarray(56, 128).toString("utf16le").replace(/\0.*$/s, ""),
    startSector: entry.startBytes / sectorBytes,
    sectors: entry.sizeBytes / sectorBytes,
    entriesSector,
  };
}

/** All that decides the bytes of a GPT with one partition. */
export interface GptPlan {
  sectorBytes: number;
  diskSectors: number;
  diskGuid: string;
  partitionGuid: string;
  partitionName: string;
  startSector: number;
  sectors: number;
  /** Where the array of entries lies; the specification lets it be anywhere before the first usable sector. */
  entriesSector: number;
}

/** One write of a GPT, in the order in which they have to come. */
export interface GptWrite {
  offsetBytes: number;
  content: Buffer;
}

/** The protective DOS table in sector 0 is not among them. */
export interface GptWrites {
  backupEntries: GptWrite;
  backupHeader: GptWrite;
  entries: GptWrite;
  header: GptWrite;
}

/** The bytes of a GPT with one partition, and where they go. */
export function gptWrites(plan: GptPlan): GptWrites {
  const array = Buffer.alloc(gptEntryCount * gptEntryBytes);
  guidBytes(linuxDataGuid).copy(array, 0);
  guidBytes(plan.partitionGuid).copy(array, 16);
  array.writeBigUInt64LE(BigInt(plan.startSector), 32);
  array.writeBigUInt64LE(BigInt(plan.startSector + plan.sectors - 1), 40);
  array.write(plan.partitionName.slice(0, 36), 56, "utf16le");
  const lastSector = plan.diskSectors - 1;
  const arraySectors = array.length / plan.sectorBytes;
  const backupEntriesSector = lastSector - arraySectors;
  const header = headerOf(plan, array, 1, lastSector, plan.entriesSector);
  const backup = headerOf(plan, array, lastSector, 1, backupEntriesSector);
  return {
    backupEntries: { offsetBytes: backupEntriesSector * plan.sectorBytes, content: array },
    backupHeader: { offsetBytes: lastSector * plan.sectorBytes, content: backup },
    entries: { offsetBytes: plan.entriesSector * plan.sectorBytes, content: array },
    header: { offsetBytes: plan.sectorBytes, content: header },
  };
}

function headerOf(
  plan: GptPlan,
  array: Buffer,
  own: number,
  other: number,
  entriesSector: number,
): Buffer {
  const header = Buffer.alloc(plan.sectorBytes);
  signature.copy(header, 0);
  header.writeUInt32LE(0x00010000, 8);
  header.writeUInt32LE(headerBytes, 12);
  header.writeBigUInt64LE(BigInt(own), 24);
  header.writeBigUInt64LE(BigInt(other), 32);
  header.writeBigUInt64LE(BigInt(plan.startSector), 40);
  header.writeBigUInt64LE(BigInt(plan.startSector + plan.sectors - 1), 48);
  guidBytes(plan.diskGuid).copy(header, 56);
  header.writeBigUInt64LE(BigInt(entriesSector), 72);
  header.writeUInt32LE(gptEntryCount, 80);
  header.writeUInt32LE(gptEntryBytes, 84);
  header.writeUInt32LE(crc32(array), 88);
  header.writeUInt32LE(crc32(header.subarray(0, headerBytes)), 16);
  return header;
}
