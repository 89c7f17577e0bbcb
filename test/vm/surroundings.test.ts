import { describe } from "vitest";
import { givenAtBootTests } from "./surroundings/given-at-boot.ts";
import { laterCardsTests } from "./surroundings/later-cards.ts";
import { memoryTests } from "./surroundings/memory.ts";
import { shutdownTests } from "./surroundings/shutdown.ts";
import { timeTests } from "./surroundings/time.ts";

describe("a machine with two cards, a clock that is years wrong, and little memory", () => {
  givenAtBootTests();
  laterCardsTests();
  timeTests();
  memoryTests();
  shutdownTests();
});
