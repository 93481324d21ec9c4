# PID 1 of the emulated host: runs the command, carries its output out and reports its exit code.
# Ports: 1 stdout, 2 stderr, 3 control, 4 heart. QEMU is ended by the tool, never from here while output may be on its way.
busybox=/run/kvm-host/busybox
cd /run/kvm-host || exit
. ./marker.sh

# The tool holds the other end of the control port. When it is gone, the read ends, and so does this machine.
exec 7<>/dev/vport0p3
{
  read -r _ <&7
  $busybox reboot -f
} &
guard=$!

# The tool sends a line each second, and the answer shows that this machine still runs, whatever the command does: it takes no
# new process, and shares the CPU with the command's cgroup, not with its processes.
while read -r _; do printf .; done <>/dev/vport0p4 >&0 7>&- &

# Programs expect a pipe: a port takes at most 32 KiB in one write. The marker tells the tool that a stream is complete.
pump() {
  $busybox cat
  printf %s "$marker"
}
$busybox mkfifo stdout stderr
pump <stdout >/dev/vport0p1 7>&- &
out=$!
pump <stderr >/dev/vport0p2 7>&- &
err=$!

# A cgroup of its own, so that one write ends whatever the command leaves behind.
echo "+cpu +memory +pids +io" >/sys/fs/cgroup/cgroup.subtree_control
$busybox mkdir /sys/fs/cgroup/command
ulimit -Hn 1048576
{
  echo 0 >/sys/fs/cgroup/command/cgroup.procs
  exec $busybox setsid /bin/sh /run/kvm-host/command.sh
} </dev/null >stdout 2>stderr 7>&- &
wait $!
code=$?

for kill in /sys/fs/cgroup/*/cgroup.kill; do echo 1 >"$kill"; done
wait $out $err
echo "exit $code" >&7
wait $guard
