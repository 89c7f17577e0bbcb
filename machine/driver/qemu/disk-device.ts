/** How the data disk is read and written, in the words of QEMU's older options. */
export interface DiskPlan {
  readonly path: string;
  /** default, writeback, writethrough, none, directsync or unsafe (qemu(1), -drive cache=). */
  readonly cacheMode: string;
  /** threads, native or io_uring. */
  readonly ioMode: string;
}

/** The modes of -drive cache= by what they mean. */
const cacheMeanings: Readonly<
  Record<string, { direct: boolean; noFlush: boolean; writeCache: boolean }>
> = {
  default: { direct: false, noFlush: false, writeCache: true },
  writeback: { direct: false, noFlush: false, writeCache: true },
  writethrough: { direct: false, noFlush: false, writeCache: false },
  none: { direct: true, noFlush: false, writeCache: true },
  directsync: { direct: true, noFlush: false, writeCache: false },
  unsafe: { direct: false, noFlush: true, writeCache: true },
};

/** The cache modes that there are. */
export const cacheModes = Object.keys(cacheMeanings);

/** The data disk. What the guest discards, or writes as zeros, takes no room on the host. */
export function diskArguments(plan: DiskPlan): string[] {
  const { direct, noFlush, writeCache } = cacheMeanings[plan.cacheMode] ?? {
    direct: false,
    noFlush: false,
    writeCache: true,
  };
  const usual = !direct && !noFlush;
  const node = {
    driver: "qcow2",
    "node-name": "data",
    discard: "unmap",
    "detect-zeroes": "unmap",
    ...(usual ? {} : { cache: { direct, "no-flush": noFlush } }),
    file: {
      driver: "file",
      filename: plan.path,
      discard: "unmap",
      ...(usual ? {} : { cache: { direct, "no-flush": noFlush } }),
      ...(plan.ioMode === "threads" ? {} : { aio: plan.ioMode }),
    },
  };
  const cache = writeCache ? "" : ",write-cache=off";
  return [
    ...["-blockdev", JSON.stringify(node)],
    ...["-device", `virtio-blk-pci,drive=data,serial=data${cache}`],
  ];
}
