# shellcheck shell=bash
# A serial line doesn't tell how large the terminal at its other end is: "resize" asks the terminal. It is done by
# itself when the first line that is entered is empty, as a person does who wants to see a prompt. What a program
# types is never mixed up with the terminal's answer.
if [ -n "$BASH_VERSION" ] && [ -z "$SSH_CONNECTION" ] && [ "$TERM" = vt100 ] && [ -t 0 ]; then
  resize() {
    local rows cols
    printf '\0337\033[999;999H\033[6n\0338'
    IFS='[;' read -rs -d R -t 2 _ rows cols
    case ${rows:-x}${cols:-x} in
      *[!0-9]*) echo "resize: this terminal doesn't tell its size" >&2 ;;
      *) stty rows "$rows" cols "$cols" ;;
    esac
  }
  boot2podman_first_line() {
    if [ -z "$boot2podman_greeted" ]; then
      boot2podman_greeted=yes
    else
      unset PROMPT_COMMAND boot2podman_greeted
      [ -n "$(history 1)" ] || resize 2>/dev/null
    fi
  }
  PROMPT_COMMAND=boot2podman_first_line
fi
