#!/bin/sh
# Stands in for VBoxManage: notes its words in $FAKE_VBOX/calls, one call a line, and keeps the state of
# one machine in $FAKE_VBOX/state, its forwarded ports in $FAKE_VBOX/rules. The answers are those of VirtualBox 7.0.
[ "$1" = showvminfo ] || printf '%s\n' "$*" >>"$FAKE_VBOX/calls"
state=$FAKE_VBOX/state rules=$FAKE_VBOX/rules
case "$1 $3" in
  "showvminfo --machinereadable")
    if [ ! -e "$state" ]; then
      echo "VBoxManage: error: Could not find a registered machine named '$2'" >&2
      echo "VBoxManage: error: Details: code VBOX_E_OBJECT_NOT_FOUND (0x80bb0001), component VirtualBoxWrap" >&2
      exit 1
    fi
    printf 'name="%s"\nVMState="%s"\nVMStateChangeTime="2026-01-01"\n' "$2" "$(cat "$state")"
    [ ! -e "$rules" ] || awk '{ printf "Forwarding(%d)=\"%s\"\n", NR - 1, $0 }' "$rules"
    ;;
  createvm*) echo poweroff >"$state" ;;
  "convertfromraw "*) cp --sparse=always "$2" "$3" ;;
  "modifyvm --natpf1")
    if [ "$4" != delete ]; then
      echo "$4" >>"$rules"
    elif grep -qs "^$5," "$rules"; then
      sed -i "/^$5,/d" "$rules"
    else
      echo "VBoxManage: error: The specified string / bytes buffer was not found" >&2
      exit 1
    fi
    ;;
  "startvm --type")
    if [ -e "$FAKE_VBOX/broken" ]; then
      echo "VBoxManage: error: VT-x is not available (VERR_VMX_NO_VMX)" >&2
      echo "VBoxManage: error: Details: code NS_ERROR_FAILURE (0x80004005)" >&2
      exit 1
    fi
    echo running >"$state"
    ;;
  "controlvm acpipowerbutton" | "controlvm poweroff") echo poweroff >"$state" ;;
  "unregistervm --delete") rm "$state" ;;
esac
exit 0
