import { basename } from "node:path";

/** How a shell sets and unsets a variable, and how it runs what a command prints. */
interface Shell {
  set(name: string, value: string): string;
  unset(name: string): string;
  hint(command: string): string[];
}

const runThis = "Run this command to configure your shell: ";

const posix: Shell = {
  set: (name, value) => `export ${name}="${value.replace(/["$`\\]/g, "\\$&")}"`,
  unset: (name) => `unset ${name}`,
  hint: (command) => [`# ${runThis}`, `# eval $(${command})`],
};

const shells: Readonly<Record<string, Shell>> = {
  fish: {
    set: (name, value) => `set -gx ${name} "${value.replace(/["$\\]/g, "\\$&")}";`,
    unset: (name) => `set -e ${name};`,
    hint: (command) => [`# ${runThis}`, `# eval (${command})`],
  },
  powershell: {
    set: (name, value) => `$Env:${name} = "${value.replace(/["$`]/g, "`$&")}"`,
    unset: (name) => `Remove-Item Env:\\${name}`,
    hint: (command) => [`# ${runThis}`, `# & ${command} | Invoke-Expression`],
  },
  cmd: {
    set: (name, value) => `SET ${name}=${value}`,
    unset: (name) => `SET ${name}=`,
    hint: (command) => [`REM ${runThis}`, `REM @FOR /f "tokens=*" %i IN ('${command}') DO @%i`],
  },
  tcsh: {
    set: (name, value) => `setenv ${name} "${value.replace(/["$!]/g, "\\$&")}";`,
    unset: (name) => `unsetenv ${name};`,
    hint: (command) => [`# ${runThis}`, `# eval \`${command}\``],
  },
  emacs: {
    set: (name, value) => `(setenv "${name}" "${value.replace(/["\\]/g, "\\$&")}")`,
    unset: (name) => `(setenv "${name}" nil)`,
    hint: (command) => [
      `;; ${runThis}`,
      `;; (with-temp-buffer (shell-command "${command}" (current-buffer)) (eval-buffer))`,
    ],
  },
};

/** The shell by its name or the path in $SHELL; what isn't known is taken for a POSIX shell. */
export function shellNamed(name: string): Shell {
  const known = basename(name);
  return shells[known === "csh" ? "tcsh" : known] ?? posix;
}
