import type { FolderShare } from "../../store/share.ts";
import { optionValue } from "./option-value.ts";

/** How a share reaches the guest. */
export type ShareTransport =
  | { readonly kind: "virtiofs"; readonly socket: string }
  /** Plugged: its device comes later, to a machine that runs. */
  | { readonly kind: "9p"; readonly isPlugged?: boolean };

/** A share and its way. */
export interface ServedShare {
  readonly share: FolderShare;
  readonly transport: ShareTransport;
}

/**
 * The devices of the shares. A virtiofs daemon reads the guest's memory, so that has to be shared
 * with it. 9p is served by QEMU itself: as the person who runs it, to whom new files then belong,
 * and with the reading alone enforced here, whatever the guest mounts.
 */
export function shareArguments(shares: readonly ServedShare[], memoryMib: number): string[] {
  const memory = shares.some(({ transport }) => transport.kind === "virtiofs")
    ? [
        ...["-object", `memory-backend-memfd,id=ram,size=${memoryMib}M,share=on`],
        ...["-numa", "node,memdev=ram"],
      ]
    : [];
  return [...memory, ...shares.flatMap((served, index) => device(served, `share${index}`))];
}

function device({ share, transport }: ServedShare, id: string): string[] {
  if (transport.kind === "virtiofs") {
    return [
      ...["-chardev", `socket,id=${id},path=${optionValue(transport.socket)}`],
      ...["-device", `vhost-user-fs-pci,chardev=${id},tag=${optionValue(share.Tag)}`],
    ];
  }
  const readOnly = share.ReadOnly ? ",readonly=on" : "";
  const server = `local,id=${id},path=${optionValue(share.HostFolder)},security_model=none,multidevs=remap${readOnly}`;
  return [
    ...["-fsdev", server],
    ...(transport.isPlugged === true
      ? []
      : ["-device", `virtio-9p-pci,fsdev=${id},mount_tag=${optionValue(share.Tag)}`]),
  ];
}

/** The words on the guest's kernel command line that say where the shares go. */
export function shareWords(shares: readonly FolderShare[]): string[] {
  return shares.map(({ Tag, GuestFolder, ReadOnly }) => {
    const word = `boot2podman.share=${Tag}:${GuestFolder}${ReadOnly ? ":ro" : ""}`;
    // The kernel takes a quoted word as one (Documentation/admin-guide/kernel-parameters.rst).
    return word.includes(" ") ? `"${word}"` : word;
  });
}
