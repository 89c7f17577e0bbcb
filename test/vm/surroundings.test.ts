import { describe } from "vitest";
import { givenAtBootTests } from "./surroundings/given-at-boot.ts";
import { laterInterfacesTests } from "./surroundings/later-interfaces.ts";
import { memoryTests } from "./surroundings/memory.ts";
import { shutdownTests } from "./surroundings/shutdown.ts";
import { timeTests } from "./surroundings/time.ts";

describe("a machine with two interfaces, a clock that is years wrong, and little memory", () => {
  givenAtBootTests();
  laterInterfacesTests();
  timeTests();
  memoryTests();
  shutdownTests();
});
