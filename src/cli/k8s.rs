//! `k8s NAME`: logs, events and descriptions of pods by the user's own `kubectl`.

use std::process::ExitCode;

use super::args::K8sArgs;
use super::fetch::{self, Fetch};
use super::scan::{self, Outputs};
use super::settings::Settings;
use crate::error::{Error, Result};
use crate::progress::Progress;
use crate::report::Chapter;
use crate::scan::{Problem, Scanned};

const TOOL: &str = "kubectl";
/// Pods that are read at once.
const MAX_PODS: usize = 500;

/// Fetches, scans, reports.
pub fn run(args: K8sArgs) -> Result<ExitCode> {
    if args.name.is_empty() || args.name.starts_with('-') {
        return Err(Error::usage(format!("`{}` is no name of a deployment or pod", args.name)));
    }
    let outputs = Outputs::open(&args.scan.output, &args.scan.report, Chapter::Full)?;
    let settings = Settings::new(&args.scan.read, &args.scan.time, args.scan.report.fail_on, None)?;
    let pods = pods(&args)?;
    settings.tell(format!("pods: {}", pods.join(", ")));
    let progress = Progress::new(settings.progress, None);
    let mut all = Scanned::default();
    for pod in pods.iter().take(MAX_PODS) {
        let logs = |previous: bool| {
            let mut more = ["logs", pod.as_str(), "--all-containers", "--prefix", "--timestamps"].map(str::to_owned).to_vec();
            if previous {
                more.push("--previous".to_owned());
            }
            let name = format!("k8s:{pod}{}", if previous { "!previous" } else { "" });
            Fetch { tool: TOOL, arguments: line(&args, more), name, optional: previous }
        };
        // What a container said before its last restart tells why it was restarted.
        all.join(fetch::scan(&logs(true), &settings, &progress, None)?);
        part(&mut all, fetch::scan(&logs(false), &settings, &progress, None), pod);
        let describe = ["describe", "pod", pod.as_str()].map(str::to_owned).to_vec();
        let fetch = Fetch { tool: TOOL, arguments: line(&args, describe), name: format!("k8s:{pod}!describe"), optional: false };
        part(&mut all, fetch::scan(&fetch, &settings, &progress, None), pod);
    }
    if pods.len() > MAX_PODS {
        all.notices
            .push(("k8s".to_owned(), Problem { line: None, code: "limit-reached", message: format!("{} pods; the first {MAX_PODS} were read", pods.len()) }));
    }
    let events = Fetch { tool: TOOL, arguments: line(&args, ["get", "events"].map(str::to_owned).to_vec()), name: "k8s:events".to_owned(), optional: true };
    all.join(fetch::scan(&events, &settings, &progress, None)?);
    drop(progress);
    scan::fetched(all, &settings, &args.scan, outputs)
}

/// One pod that cannot be read is no reason to give up the others.
fn part(all: &mut Scanned, outcome: Result<Scanned>, pod: &str) {
    match outcome {
        Ok(scanned) => all.join(scanned),
        Err(e) => all.unreadable.push((format!("k8s:{pod}"), Problem { line: None, code: "unreadable", message: e.to_string() })),
    }
}

/// Arguments of kubectl with namespace and context.
fn line(args: &K8sArgs, mut more: Vec<String>) -> Vec<String> {
    for (flag, value) in [("--namespace", &args.namespace), ("--context", &args.context)] {
        if let Some(value) = value {
            more.push(format!("{flag}={value}"));
        }
    }
    more
}

/// Names of the pods: by label, else by the beginning of their names.
fn pods(args: &K8sArgs) -> Result<Vec<String>> {
    let list = |selector: Option<String>| -> Result<Vec<String>> {
        let mut more = ["get", "pods", "-o", "name"].map(str::to_owned).to_vec();
        more.extend(selector.map(|selector| format!("--selector={selector}")));
        let text = fetch::text(TOOL, &line(args, more))?;
        Ok(text.lines().filter_map(|line| line.trim().strip_prefix("pod/")).map(str::to_owned).collect())
    };
    let labelled = list(Some(format!("app={}", args.name)))?;
    if !labelled.is_empty() {
        return Ok(labelled);
    }
    let all = list(None)?;
    let named: Vec<String> = all.iter().filter(|pod| pod.starts_with(args.name.as_str())).cloned().collect();
    if named.is_empty() {
        let near = crate::suggest::nearest(&args.name, all.iter().map(String::as_str));
        let place = args.namespace.as_deref().map_or("the namespace of the context".to_owned(), |name| format!("the namespace `{name}`"));
        return Err(Error::NothingRead(format!(
            "no pod with the label app={0}, and none whose name begins with `{0}`, in {place}{1}",
            args.name,
            crate::suggest::hint(near)
        )));
    }
    Ok(named)
}
