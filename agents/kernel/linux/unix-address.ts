const AF_UNIX = 1;
const pathBytes = 108;

/** A struct sockaddr_un with the path, up to the NUL that ends it. */
export function unixAddress(path: string): Buffer {
  const name = Buffer.from(path);
  const address = Buffer.alloc(2 + pathBytes);
  new DataView(address.buffer, address.byteOffset).setUint16(0, AF_UNIX, true);
  name.copy(address, 2);
  return address.subarray(0, 2 + name.length + 1);
}
