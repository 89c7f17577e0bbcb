import type { ServedInterface, Service } from "./interface.ts";
import { VarlinkError } from "./varlink-error.ts";

/** How who answers says so. */
export const getInfoDescription = `# Who answers, and to which interfaces
method GetInfo() -> (
  vendor: string,
  product: string,
  version: string,
  url: string,
  interfaces: []string
)
`;

/** What every service says of itself (https://varlink.org/Service). */
export const serviceDescription = `# What every service says of itself
interface org.varlink.service

${getInfoDescription}
# An interface in Varlink's own language
method GetInterfaceDescription(interface: string) -> (description: string)

error InterfaceNotFound (interface: string)
error MethodNotFound (method: string)
error MethodNotImplemented (method: string)
error InvalidParameter (parameter: string)
error PermissionDenied ()
error ExpectedMore ()
`;

/** The interface org.varlink.service of a service. */
export function orgVarlinkService(service: Service): ServedInterface {
  const { vendor, product, version, url } = service;
  return {
    description: serviceDescription,
    handlers: {
      GetInfo: async () => ({ vendor, product, version, url, interfaces: namesOf(service) }),
      async GetInterfaceDescription({ parameters }) {
        const name = parameters.text("interface");
        if (name === "org.varlink.service") {
          return { description: serviceDescription };
        }
        return { description: (await interfaceOf(service, name)).description };
      },
    },
  };
}

function namesOf({ interfaces }: Service): string[] {
  return ["org.varlink.service", ...Object.keys(interfaces)];
}

/** An interface of a service. Throws a VarlinkError when it has none of that name. */
export async function interfaceOf(service: Service, name: string): Promise<ServedInterface> {
  const load = Object.hasOwn(service.interfaces, name) ? service.interfaces[name] : undefined;
  if (load === undefined) {
    throw new VarlinkError("org.varlink.service.InterfaceNotFound", { interface: name });
  }
  return await load();
}
