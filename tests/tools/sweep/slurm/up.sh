#!/bin/sh
# One node of Slurm in a folder, as root, without systemd and cgroups: up.sh FOLDER [again]. With "again" it goes on from
# the state that it was left in; without, it forgets what was there.
set -eu
folder=$1
node=$(hostname -s)
mkdir -p "$folder/state" "$folder/spool" "$folder/log"
chmod 755 "$folder"
if [ ! -f "$folder/munge.key" ]; then
  head -c 1024 /dev/urandom >"$folder/munge.key"
  chmod 400 "$folder/munge.key"
fi
cat >"$folder/slurm.conf" <<END
ClusterName=test
SlurmctldHost=$node(127.0.0.1)
SlurmUser=root
SlurmdUser=root
SlurmctldPort=26817
SlurmdPort=26818
AuthType=auth/munge
AuthInfo=socket=$folder/munge.sock
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=1,sched_interval=1,bf_interval=1
AccountingStorageType=accounting_storage/none
MpiDefault=none
KillWait=5
ReturnToService=2
SlurmdParameters=config_overrides
NodeName=$node NodeAddr=127.0.0.1 CPUs=4 State=UNKNOWN
PartitionName=main Nodes=$node Default=YES MaxTime=INFINITE State=UP
END
export SLURM_CONF="$folder/slurm.conf"
munged --force --socket="$folder/munge.sock" --key-file="$folder/munge.key" --pid-file="$folder/munged.pid" \
  --seed-file="$folder/munge.seed" --log-file="$folder/log/munged.log"
forget=-c
if [ "${2:-}" = again ]; then forget=; fi
# shellcheck disable=SC2086 # a flag or nothing
slurmctld $forget
slurmd
tries=0
until sinfo --noheader --format=%T 2>/dev/null | grep -qE 'idle|mixed|allocated'; do
  tries=$((tries + 1))
  [ $tries -lt 150 ] || {
    tail -n 5 "$folder"/log/*.log >&2
    exit 1
  }
  sleep 0.1
done
