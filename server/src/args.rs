//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use clap_complete::Shell;

use crate::expiry::expiry;

/// The HTTP endpoint that sets a chat's background.
#[derive(Parser)]
#[command(version)]
pub(crate) struct Args {
    /// Configuration file; the environment overrides it.
    #[arg(long, global = true)]
    pub(crate) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Serves until told to stop.
    Serve {
        /// Adds an account with a number of the embedded device, and prints a key for it.
        #[arg(long)]
        demo: bool,
    },
    /// API keys.
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// Numbers that accounts reach chats by.
    Numbers {
        #[command(subcommand)]
        command: NumbersCommand,
    },
    /// Agents, the programs beside devices.
    Agents {
        #[command(subcommand)]
        command: AgentsCommand,
    },
    /// Accounts.
    Accounts {
        #[command(subcommand)]
        command: AccountsCommand,
    },
    /// Verifies that every object and rendition is stored, that versions have no gap, and that no unused object remains.
    /// Servers may run.
    Check {
        /// Also reads every object and rendition, and compares its bytes with its id.
        #[arg(long)]
        deep: bool,
        /// Also asks the embedded device whether it has the backgrounds that the state says.
        #[arg(long)]
        devices: bool,
        /// Makes the renditions of the configuration that stored backgrounds lack, and has every background sent to its
        /// device again, for use after a backup was restored. A device that shows another one gets the state's, under a
        /// version past its own. A server must be running.
        #[arg(long)]
        repair: bool,
    },
    /// The configuration.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Brings the schema of the state database up to date, and ends. Servers of the version before may go on.
    Migrate,
    /// Asks the server that this configuration starts whether it works: exit status 0 if it does, for use by containers.
    Health {
        /// The address to ask. Default: the configured one, on this machine.
        #[arg(long)]
        address: Option<SocketAddr>,
        /// What to ask: `healthz`, whether the process answers, or `readyz`, also whether its database and store do.
        #[arg(long, default_value = "healthz", value_parser = ["healthz", "readyz"])]
        ask: String,
    },
    /// Prints the completions of a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Writes manual pages into a folder.
    #[command(hide = true)]
    Man {
        /// The folder, which exists.
        folder: PathBuf,
    },
}

#[derive(Subcommand)]
pub(crate) enum ConfigCommand {
    /// Prints the settings in force, with secrets hidden, or says what is wrong with them.
    Check,
}

#[derive(Subcommand)]
pub(crate) enum KeysCommand {
    /// Adds a key and prints it, once.
    Add {
        /// The account that it is for.
        account: String,
        /// What it is used for.
        #[arg(long, default_value = "")]
        label: String,
        /// When it ends: a time from now such as 90d or 12h, a day such as 2027-01-31 (its start, UTC), or an RFC 3339 time.
        #[arg(long, value_parser = expiry)]
        expires: Option<i64>,
    },
    /// Lists keys, without their secrets.
    List,
    /// Revokes a key.
    Revoke {
        /// Its id, as listed.
        id: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum NumbersCommand {
    /// Adds a number, or gives it another route.
    Add {
        /// The account.
        account: String,
        /// The number, E.164.
        number: String,
        /// The agent of its device. Without one, the device is a folder of the server, for demonstrations and tests.
        #[arg(long)]
        agent: Option<String>,
    },
    /// Lists numbers.
    List,
    /// Removes a number.
    Remove {
        /// The number, E.164.
        number: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum AgentsCommand {
    /// Adds an agent and prints its credential, once.
    Add {
        /// A name for it.
        name: String,
    },
    /// Lists agents, without their credentials.
    List,
    /// Revokes an agent's credential.
    Revoke {
        /// Its name.
        name: String,
    },
    /// Gives an agent another credential and prints it, once. The old one ends within seconds.
    Rotate {
        /// Its name.
        name: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum AccountsCommand {
    /// Erases an account: its keys, numbers, chats, history and objects.
    Erase {
        /// The account.
        account: String,
        /// Its name again, since nothing brings it back.
        #[arg(long)]
        confirm: String,
    },
}
