import { version } from "../../command/version.ts";
import type { Service } from "../service/interface.ts";
import { getInfoDescription } from "../service/org-varlink-service.ts";
import { VarlinkError } from "../service/varlink-error.ts";

/** Where interfaces are to be had, by their names: "unix:/run/podman/io.podman;mode=0600". */
export type Addresses = Readonly<Record<string, string>>;

/** What a resolver says (https://github.com/varlink/org.varlink.resolver). */
const description = `# Where interfaces are to be had
interface org.varlink.resolver

${getInfoDescription}
# The address of an interface
method Resolve(interface: string) -> (address: string)

error InterfaceNotFound (interface: string)
`;

/** The address of an interface. Throws a VarlinkError when nobody has it. */
export function resolveInterface(addresses: Addresses, name: string): string {
  const address = Object.hasOwn(addresses, name) ? addresses[name] : undefined;
  if (address === undefined) {
    throw new VarlinkError("org.varlink.resolver.InterfaceNotFound", { interface: name });
  }
  return address;
}

/** The service that says where all others are. */
export function resolverService(addresses: Addresses): Service {
  const identity = {
    vendor: "Varlink",
    product: "Resolver",
    version,
    url: "https://github.com/varlink/org.varlink.resolver",
  };
  return {
    ...identity,
    interfaces: {
      "org.varlink.resolver": async () => ({
        description,
        handlers: {
          GetInfo: async () => ({
            ...identity,
            interfaces: ["org.varlink.resolver", ...Object.keys(addresses)],
          }),
          Resolve: async ({ parameters }) => ({
            address: resolveInterface(addresses, parameters.text("interface")),
          }),
        },
      }),
    },
  };
}
