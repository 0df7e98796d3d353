//! Runs the tests of the contract on PostgreSQL, which they start on a free port.

use std::cell::RefCell;
use std::fs::File;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use crate::server::{CHAT, Server, eventually, pictures};
use crate::{contract, operations};

thread_local! {
    /// The cluster that the tests of this thread run on; without one, they run on SQLite.
    static CLUSTER: RefCell<Option<Cluster>> = const { RefCell::new(None) };
}

/// A new database for a home, if this thread's tests run on PostgreSQL.
pub(crate) fn new_database() -> Option<String> {
    CLUSTER.with_borrow(|cluster| cluster.as_ref().map(Cluster::new_database))
}

struct Cluster {
    folder: TempDir,
    programs: PathBuf,
    port: u16,
    server: Option<Child>,
    databases: AtomicUsize,
}

impl Cluster {
    /// A running cluster; `None` if PostgreSQL is not installed.
    fn start() -> Option<Self> {
        let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
        let programs = versions.map(|entry| entry.path().join("bin")).find(|bin| bin.join("initdb").exists())?;
        let mut cluster = Self::new(programs);
        let initdb = cluster
            .program("initdb")
            .args(["--no-sync", "--auth=trust", "--username=test", "-D"])
            .arg(cluster.data())
            .output();
        let initdb = initdb.unwrap();
        assert!(initdb.status.success(), "{}", String::from_utf8_lossy(&initdb.stderr));
        cluster.run();
        Some(cluster)
    }

    /// One that has no data yet.
    fn new(programs: PathBuf) -> Self {
        let folder = tempfile::tempdir().unwrap();
        if is_root() {
            assert!(Command::new("chown").arg("postgres").arg(folder.path()).status().unwrap().success());
        }
        Self { folder, programs, port: free_port(), server: None, databases: AtomicUsize::new(0) }
    }

    fn run(&mut self) {
        let port = self.port.to_string();
        let mut server = self.program("postgres");
        server.args(["-p", &port, "-h", "127.0.0.1", "-c", "fsync=off", "-k"]).arg(self.folder.path());
        // The log has the plan of every statement of a session that asks for it, also of those within functions.
        server.args(["-c", "session_preload_libraries=auto_explain", "-c", "auto_explain.log_nested_statements=on"]);
        let log = File::options().create(true).append(true).open(self.log_file()).unwrap();
        self.server = Some(server.arg("-D").arg(self.data()).stdout(Stdio::null()).stderr(log).spawn().unwrap());
        eventually("PostgreSQL is not up", || {
            let ready = self.program("pg_isready").args(["-q", "-h", "127.0.0.1", "-p", &port]).status();
            ready.is_ok_and(|status| status.success())
        });
    }

    fn stop(&mut self) {
        let server = self.server.take();
        let _ = self.program("pg_ctl").args(["stop", "-m", "immediate", "-D"]).arg(self.data()).output();
        if let Some(mut server) = server {
            let _ = server.wait();
        }
    }

    fn new_database(&self) -> String {
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let port = self.port.to_string();
        let created =
            self.program("createdb").args(["-h", "127.0.0.1", "-p", &port, "-U", "test", &name]).output().unwrap();
        assert!(created.status.success(), "{}", String::from_utf8_lossy(&created.stderr));
        format!("postgres://test@127.0.0.1:{port}/{name}")
    }

    /// PostgreSQL does not run as root; its package has a user for it.
    fn program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(self.folder.path());
        command
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("cluster")
    }
}

/// A replica of the thread's cluster, which becomes a cluster of its own when it is promoted.
pub(crate) struct Replica {
    cluster: Cluster,
    /// The database that it was started for.
    pub(crate) url: String,
}

impl Replica {
    pub(crate) fn start(url: &str) -> Self {
        CLUSTER.with_borrow(|primary| {
            let primary = primary.as_ref().unwrap();
            let mut cluster = Cluster::new(primary.programs.clone());
            let port = primary.port.to_string();
            let mut backup = cluster.program("pg_basebackup");
            backup.args(["-h", "127.0.0.1", "-p", &port, "-U", "test", "--no-sync", "-c", "fast", "-R", "-D"]);
            let backup = backup.arg(cluster.data()).output().unwrap();
            assert!(backup.status.success(), "{}", String::from_utf8_lossy(&backup.stderr));
            cluster.run();
            let url = url.replace(&format!(":{port}/"), &format!(":{}/", cluster.port));
            Self { cluster, url }
        })
    }

    /// Ends its connection to the primary.
    pub(crate) fn cut(&self) {
        for statement in ["ALTER SYSTEM SET primary_conninfo = ''", "SELECT pg_reload_conf()"] {
            assert!(sql(&self.url, statement).wait().unwrap().success());
        }
        eventually("the replica follows", || self.holds("NOT EXISTS (SELECT 1 FROM pg_stat_wal_receiver)"));
    }

    pub(crate) fn promote(&self) {
        assert!(sql(&self.url, "SELECT pg_promote()").wait().unwrap().success());
        assert!(self.holds("NOT pg_is_in_recovery()"), "port {}", self.cluster.port);
    }

    pub(crate) fn holds(&self, condition: &str) -> bool {
        holds(&self.url, condition)
    }
}

/// Ends the thread's cluster without warning.
pub(crate) fn stop_cluster() {
    CLUSTER.with_borrow_mut(|cluster| cluster.as_mut().unwrap().stop());
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A free port below those that the system gives to others, so that it stays free while the cluster is stopped.
fn free_port() -> u16 {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    loop {
        let n = usize::try_from(std::process::id()).unwrap() * 31 + NEXT.fetch_add(1, Ordering::Relaxed);
        let port = u16::try_from(20_000 + n % 12_000).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(Path::new("/proc/self")).is_ok_and(|meta| meta.uid() == 0)
}

/// What PostgreSQL has logged.
pub(crate) fn database_log() -> String {
    CLUSTER.with_borrow(|cluster| std::fs::read_to_string(cluster.as_ref().unwrap().log_file()).unwrap())
}

/// The host and port of a database.
pub(crate) fn database_address(url: &str) -> SocketAddr {
    url.split('@').nth(1).and_then(|rest| rest.split('/').next()?.parse().ok()).unwrap()
}

/// Runs psql with statements.
pub(crate) fn sql(url: &str, statements: &str) -> Child {
    let mut psql = Command::new("psql");
    psql.args(["-q", "-v", "ON_ERROR_STOP=1", "-c", statements, url]);
    psql.stdout(Stdio::null()).spawn().unwrap()
}

/// A PgBouncer in transaction mode.
pub(crate) struct Pooler {
    child: Child,
    pub(crate) url: String,
    _folder: TempDir,
}

impl Pooler {
    pub(crate) fn start(url: &str, settings: &str) -> Self {
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let (database, address) = (url.rsplit('/').next().unwrap(), database_address(url));
        let text = format!(
            "[databases]\n{database} = host={} port={} user=test\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nauth_type = any\npool_mode = transaction\nunix_socket_dir =\n{settings}\n",
            address.ip(),
            address.port()
        );
        let file = folder.path().join("pgbouncer.ini");
        std::fs::write(&file, text).unwrap();
        let mut command = if is_root() {
            assert!(Command::new("chown").args(["-R", "postgres"]).arg(folder.path()).status().unwrap().success());
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "pgbouncer"]);
            command
        } else {
            Command::new("pgbouncer")
        };
        let child = command.arg(&file).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        eventually("PgBouncer is not up", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        Self { child, url: format!("postgres://test@127.0.0.1:{port}/{database}"), _folder: folder }
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether a condition holds in the database.
pub(crate) fn holds(url: &str, condition: &str) -> bool {
    let output =
        Command::new("psql").args(["-q", "-A", "-t", "-c", &format!("SELECT {condition}"), url]).output().unwrap();
    output.status.success() && output.stdout.starts_with(b"t")
}

/// Runs `tests` on a cluster of their own, or says that they were skipped.
pub(crate) fn on_postgres(tests: impl FnOnce()) {
    let Some(cluster) = Cluster::start() else {
        eprintln!("skipped: PostgreSQL is not installed");
        return;
    };
    CLUSTER.set(Some(cluster));
    tests();
    CLUSTER.set(None);
}

#[test]
fn the_contract_holds_on_postgresql() {
    on_postgres(|| {
        contract::a_background_is_set_shown_and_removed();
        contract::the_object_is_what_its_id_says_until_no_chat_has_it();
        contract::the_same_upload_is_unchanged_and_not_decoded();
        contract::there_is_one_answer_to_every_wrong_key();
        contract::an_account_sees_its_own_chats_only();
        contract::without_a_number_nothing_is_stored();
        contract::an_idempotency_key_gets_the_same_answer();
        contract::if_match_holds_back_a_change_of_another_version();
        contract::a_dry_run_answers_the_receipt_and_does_nothing();
        operations::keys_and_numbers_are_administered();
        operations::sixty_four_changes_of_one_chat_at_once_are_sixty_four_versions_at_most();
    });
}

#[cfg(debug_assertions)]
#[test]
fn a_put_survives_its_end_at_every_point_on_postgresql() {
    on_postgres(|| {
        crate::crashes::a_put_with_renditions_survives_its_end_at_every_point();
        crate::crashes::renditions_that_are_added_survive_their_end_at_every_point();
        crate::crashes::agent_calls_survive_their_end_at_every_point();
    });
}

#[test]
fn two_servers_on_one_database_keep_versions_without_gaps() {
    on_postgres(|| {
        let first = Server::with(&[("IMAGE_INGEST__PUBLIC_URL", "https://example.org/")]);
        let second = first.home().twin().start();
        let [picture, other] = pictures();
        std::thread::scope(|scope| {
            for server in [&first, &second] {
                let (picture, other) = (&picture, &other);
                scope.spawn(move || {
                    for i in 0..20 {
                        let reply =
                            if i % 3 == 2 { server.delete(CHAT) } else { server.put(CHAT, [picture, other][i % 2]) };
                        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
                    }
                });
            }
        });
        assert_eq!(first.get(CHAT), second.get(CHAT));
        drop(second);
        let (ok, text) = first.kill().admin(&["check", "--deep"]);
        assert!(ok, "{text}");
    });
}

#[test]
fn a_database_that_stops_is_said_and_used_again() {
    on_postgres(|| {
        let server = Server::start();
        let set = server.put(CHAT, &pictures()[0]).json();
        stop_cluster();
        for reply in
            [server.put(CHAT, &pictures()[1]), server.delete(CHAT), server.send(&server.background("GET", CHAT))]
        {
            assert_eq!(reply.refusal(), (503, "storage_unavailable".into()));
        }
        assert_eq!(server.send(&server.request("GET", "/readyz")).status, 503);
        assert_eq!(server.send(&server.request("GET", "/healthz")).status, 200);
        CLUSTER.with_borrow_mut(|cluster| cluster.as_mut().unwrap().run());
        eventually("the database is not used", || server.send(&server.background("GET", CHAT)).status == 200);
        assert_eq!(server.get(CHAT)["background_id"], set["background_id"]);
        assert_eq!(server.put(CHAT, &pictures()[1]).json()["background_version"], 2);
        assert!(TcpStream::connect(server.address).is_ok());
    });
}
