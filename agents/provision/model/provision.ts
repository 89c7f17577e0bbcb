/**
 * What one source outside the machine (a NoCloud disk, the hypervisor's credentials) wants it to be. Each source is
 * read into this form, and the agents apply their parts of it; nothing of it has been checked against the machine.
 */
export interface Provision {
  /** In words for people: "NoCloud disk /dev/sr0". */
  from: string;
  users: readonly ProvisionedUser[];
  hostname: string | undefined;
  network: ProvisionedNetwork | undefined;
  /** What the source asks for and this system doesn't do, by the source's own names: "runcmd". */
  notHonoured: readonly string[];
  /** What could not be read, and why. */
  warnings: readonly string[];
}

/** Somebody who is let in. */
export interface ProvisionedUser {
  /** As the source calls him; undefined for the user that the machine is for, whatever his name. */
  name: string | undefined;
  /** Lines of authorized_keys(5), not checked yet. */
  keys: readonly string[];
}

/** How the network shall be, as "ip=" and "nameserver=" would say it. */
export interface ProvisionedNetwork {
  interfaces: readonly ProvisionedInterface[];
  nameServers: readonly string[];
  searchDomains: readonly string[];
}

/** One network interface, or all that match. */
export interface ProvisionedInterface {
  /** As the source calls it, for people. */
  id: string;
  match: {
    /** A name, or a pattern with * and ?. */
    name: string | undefined;
    /** In lower case; beats the name. */
    mac: string | undefined;
  };
  method: "dhcp" | "static" | "off";
  /** "192.168.1.5/24"; with DHCP they come on top. */
  addresses: readonly string[];
  routes: readonly ProvisionedRoute[];
  mtu: number | undefined;
}

/** A route that somebody outside asked for. */
export interface ProvisionedRoute {
  /** "10.0.0.0/8", "default" */
  to: string;
  via: string;
  metric: number | undefined;
}

/** A source that asks for nothing. */
export function emptyProvision(from: string): Provision {
  return {
    from,
    users: [],
    hostname: undefined,
    network: undefined,
    notHonoured: [],
    warnings: [],
  };
}
