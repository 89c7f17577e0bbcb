const byte = "(25[0-5]|2[0-4]\\d|1?\\d?\\d)";
const ipv4 = new RegExp(`^${byte}(\\.${byte}){3}$`);

export function isIpv4(text: string): boolean {
  return ipv4.test(text);
}

/** Without a scope ("%eth0"). */
export function isIpv6(text: string): boolean {
  return /^[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$/.test(text) && URL.canParse(`http://[${text}]/`);
}

export function isIpAddress(text: string): boolean {
  return isIpv4(text) || isIpv6(text);
}
