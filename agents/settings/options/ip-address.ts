const byte = "(25[0-5]|2[0-4]\\d|1?\\d?\\d)";
const ipv4 = new RegExp(`^${byte}(\\.${byte}){3}$`);

/** Whether the text is an IPv4 address in four decimal numbers. */
export function isIpv4(text: string): boolean {
  return ipv4.test(text);
}

/** Without a scope ("%eth0"). */
export function isIpv6(text: string): boolean {
  return /^[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$/.test(text) && URL.canParse(`http://[${text}]/`);
}

/** Whether the text is an IPv4 or IPv6 address. */
export function isIpAddress(text: string): boolean {
  return isIpv4(text) || isIpv6(text);
}

/** "10.0.2.0/24" of "10.0.2.15/24"; undefined for IPv6, and for an address that is alone in its network. */
export function ipv4Network(address: string): string | undefined {
  const [ip = "", length = ""] = address.split("/");
  const bits = Number(length);
  if (!isIpv4(ip) || bits >= 32) {
    return undefined;
  }
  const parts = ip.split(".").map((part, index) => {
    const kept = Math.min(8, Math.max(0, bits - 8 * index));
    return Number(part) & (0xff << (8 - kept));
  });
  return `${parts.join(".")}/${bits}`;
}
