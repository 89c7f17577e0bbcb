/** A value in one of QEMU's option lists, where a comma ends it unless it is doubled (qemu(1), -drive). */
export function optionValue(value: string): string {
  return value.replaceAll(",", ",,");
}
