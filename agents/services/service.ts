/** A program of the hypervisor's that runs as long as the machine does. */
export interface Service {
  name: string;
  argv: readonly string[];
  env?: Readonly<Record<string, string>>;
}
