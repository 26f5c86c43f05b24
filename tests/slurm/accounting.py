"""Accounting for the Slurm of tests: slurmdbd and a database of its own in the cluster's folder, on a Unix socket.

Root has two accounts, of which ``wide`` is the default one, beside the account root that each cluster has.
"""

import os
import shutil

PROGRAMS = ("slurmdbd", "mariadbd", "mariadb", "mariadb-admin", "mariadb-install-db", "sacctmgr", "sacct")
ACCOUNTS = ("wide", "narrow")
SETTINGS = """AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=localhost
AccountingStoragePort={port}
AccountingStoragePass={folder}/munge.socket
AccountingStorageTRES={gpus}
AccountingStoreFlags=job_comment
JobAcctGatherType=jobacct_gather/linux
"""
CONF = """AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort={port}
SlurmUser=root
LogFile={folder}/slurmdbd.log
PidFile={folder}/slurmdbd.pid
CommunicationParameters=NoInAddrAny
StorageType=accounting_storage/mysql
StorageLoc=slurm
StorageUser=slurm
StoragePass=slurm
"""
DATABASE = """create database slurm;
create user 'slurm'@'localhost' identified by 'slurm';
grant all on slurm.* to 'slurm'@'localhost';"""


def start(cluster, port, wait):
    """Start database and slurmdbd, and register the cluster, its accounts and root, before slurmctld starts."""
    folder = cluster.folder
    data, socket = folder / "database", folder / "database.socket"
    data.mkdir(mode=0o700)
    shutil.chown(data, "mysql", "mysql")
    folder.chmod(0o777)  # the database runs as another user, and makes its socket here
    common = ("--no-defaults", "--user=mysql", f"--datadir={data}")
    cluster.run("mariadb-install-db", *common, "--auth-root-authentication-method=socket", "--skip-test-db")
    # By a shell that ends, so that it is not a child of the tests, who would have to wait for it.
    background = f'"$@" >{folder}/mariadbd.log 2>&1 </dev/null & echo $! >{folder}/mariadbd.pid'
    cluster.run("sh", "-c", background, "sh", "mariadbd", *common, f"--socket={socket}", "--skip-networking")
    client = ("--no-defaults", f"--socket={socket}")
    wait(lambda: "alive" in cluster.run("mariadb-admin", *client, "ping", check=False), "the database does not answer")
    folder.chmod(0o755)
    cluster.run("mariadb", *client, "-e", DATABASE)
    conf = folder / "slurmdbd.conf"
    with open(os.open(conf, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        file.write(CONF.format(folder=folder, port=port))
    cluster.run("env", f"MYSQL_UNIX_PORT={socket}", "slurmdbd")
    add = ("sacctmgr", "--immediate", "--quiet", "add")

    def registered():
        cluster.run(*add, "cluster", "tests", check=False)
        return "tests" in cluster.run("sacctmgr", "--noheader", "show", "cluster", check=False)

    wait(registered, "slurmdbd does not answer")
    for account in ACCOUNTS:
        cluster.run(*add, "account", account)
        cluster.run(*add, "user", "root", f"account={account}")
    cluster.run("sacctmgr", "--immediate", "modify", "user", "root", "set", f"DefaultAccount={ACCOUNTS[0]}")
