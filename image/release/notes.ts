import { BuildError } from "../report/build-error.ts";

/**
 * The section of a changelog (Keep a Changelog) about a version; before the version has one, what is unreleased.
 * @throws BuildError when there is neither.
 */
export function releaseNotes(changelog: string, version: string): string {
  const sections = changelog.split(/^## /m).slice(1);
  const of = (name: string) => sections.find((section) => section.startsWith(`[${name}]`));
  const section = of(version) ?? of("Unreleased");
  if (section === undefined) {
    throw new BuildError(
      `CHANGELOG.md has neither a section "[${version}]" nor "[Unreleased]": write what is new`,
    );
  }
  const [title = "", ...lines] = section.split("\n");
  const isReleased = of(version) !== undefined;
  const heading = isReleased ? title.replace(/[[\]]/g, "") : `${version} (not released)`;
  return `# boot2podman ${heading}\n${lines.join("\n").trimEnd()}\n`;
}
