#!/bin/sh
# PID 1 of the initramfs: loads modules, builds the final root from the machine's file tree and enters it.
# Any failure ends the shell, which panics the kernel, which ends QEMU (panic=-1 with -no-reboot).
set -eu
export PATH=/bin

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
while read -r module; do insmod "/modules/$module"; done </modules/order

# The tree is exported as it is, live /proc and /sys included: those must never be mounted over, so the root is a
# tmpfs that gets the other top-level directories one by one.
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro machine /machine
mount -t tmpfs -o mode=755,size=16m root /newroot
cd /newroot
for path in /machine/*; do
  name=${path##*/}
  case $name in proc | sys | dev | run | tmp | scratch | lost+found) continue ;; esac
  if [ -L "$path" ]; then
    ln -s "$(readlink "$path")" "$name"
  elif [ -d "$path" ]; then
    mkdir "$name"
    mount -o bind "$path" "$name"
  fi
done

mkdir proc sys dev run tmp scratch
mount -t ext4 -o noatime /dev/vda scratch
mkdir -m 1777 scratch/tmp
mkdir scratch/home scratch/a3s scratch/cache scratch/overlay
mount -o bind scratch/tmp tmp
[ ! -d var/tmp ] || mount -o bind scratch/tmp var/tmp
mount -t tmpfs -o mode=755 run run
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup sys/fs/cgroup
mount -t devtmpfs dev dev
mkdir -p dev/pts dev/shm dev/mqueue
mount -t devpts -o mode=620,ptmxmode=666 devpts dev/pts
mount -t tmpfs -o mode=1777 shm dev/shm
mount -t mqueue mqueue dev/mqueue
[ -e dev/fd ] || ln -s /proc/self/fd dev/fd
chmod 666 dev/kvm dev/fuse dev/net/tun

# A path of the machine that lies in a directory which the root has of its own (/tmp/checkout).
expose() {
  mkdir -p "/newroot$1"
  mount -o bind "/machine$1" "/newroot$1"
}
# Writes to a directory of the machine go to the scratch disk and are gone afterwards.
overlay=0
writable() {
  overlay=$((overlay + 1))
  layers=/newroot/scratch/overlay/$overlay
  mkdir -p "$layers/upper" "$layers/work"
  mount -t overlay -o "lowerdir=/newroot$1,upperdir=$layers/upper,workdir=$layers/work" overlay "/newroot$1"
}
# A directory of the machine that takes results: no cache, a write has reached the machine when it returns.
share() {
  mkdir -p "/newroot$2"
  mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=none "$1" "/newroot$2"
}
. /run/places.sh

hostname kvm-host
ip link set lo up
# passt copies the addresses of an interface that has a default route; 192.0.2.0/24 is TEST-NET-1 (RFC 5737).
ip addr add 192.0.2.2/24 dev dummy0
ip link set dummy0 up
ip route add default via 192.0.2.1
sysctl -q -w kernel.printk=3 vm.overcommit_memory=1 net.ipv4.ping_group_range="0 2147483647"

mkdir run/kvm-host
cp /bin/busybox /pid1.sh /run/command.sh /run/marker.sh run/kvm-host/
exec switch_root /newroot /run/kvm-host/busybox sh /run/kvm-host/pid1.sh
