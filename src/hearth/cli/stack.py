"""The `hearth stack` group: the table of its commands."""

import click

from hearth.cli import lazy, options

COMMANDS = {
    "create": lazy.Target("hearth.cli.stack_change:create", "Create a stack from a template."),
    "update": lazy.Target("hearth.cli.stack_change:update", "Change a stack to a new template or parameters."),
    "delete": lazy.Target("hearth.cli.stack_change:delete", "Delete stacks and all they hold."),
    "plan": lazy.Target("hearth.cli.stack_plan:plan", "Show what would be done, and keep it to be applied."),
    "apply": lazy.Target("hearth.cli.stack_plan:apply", "Do exactly what a plan says, or nothing."),
    "plans": lazy.Target("hearth.cli.stack_plan:plans", "List kept plans; drop one."),
    "validate": lazy.Target("hearth.cli.stack_change:validate", "Check a template; show the parameters it takes."),
    "snapshot": lazy.Target("hearth.cli.stack_keep:snapshot", "Keep a stack as it is now, to come back to."),
    "snapshots": lazy.Target("hearth.cli.stack_keep:snapshots", "List a stack's snapshots; show or delete one."),
    "restore": lazy.Target("hearth.cli.stack_keep:restore", "Bring a stack back to a snapshot."),
    "export": lazy.Target("hearth.cli.stack_keep:export", "Print all that makes a stack, to adopt it elsewhere."),
    "abandon": lazy.Target("hearth.cli.stack_keep:abandon", "Forget a stack and leave what it made."),
    "adopt": lazy.Target("hearth.cli.stack_keep:adopt", "Make a stack of what an abandoned one had made."),
    "suspend": lazy.Target("hearth.cli.stack_act:suspend", "Suspend the servers of a stack."),
    "resume": lazy.Target("hearth.cli.stack_act:resume", "Resume what was suspended."),
    "check": lazy.Target("hearth.cli.stack_act:check", "See whether all of a stack is there and well."),
    "cancel": lazy.Target("hearth.cli.stack_act:cancel", "Cancel a running update or creation."),
    "pause": lazy.Target("hearth.cli.stack_hold:pause", "Let nothing more of a running action begin."),
    "unpause": lazy.Target("hearth.cli.stack_hold:unpause", "Let a paused action go on."),
    "protect": lazy.Target("hearth.cli.stack_hold:protect", "Keep a stack from being deleted."),
    "unprotect": lazy.Target("hearth.cli.stack_hold:unprotect", "Let a stack be deleted again."),
    "lock": lazy.Target("hearth.cli.stack_hold:lock", "Keep others from changing a stack for a while."),
    "unlock": lazy.Target("hearth.cli.stack_hold:unlock", "Let others change a stack again."),
    "retry": lazy.Target("hearth.cli.stack_mend:retry", "Do a failed action again, from where it stopped."),
    "continue": lazy.Target("hearth.cli.stack_mend:continue_", "Go on without the resources that stand in the way."),
    "migrate": lazy.Target("hearth.cli.stack_act:migrate", "Take stacks out of the legacy mode."),
    "orphans": lazy.Target("hearth.cli.stack_mend:orphans", "List what was let go; delete or forget it."),
    "list": lazy.Target("hearth.cli.stack_look:list_", "List the project's stacks."),
    "show": lazy.Target("hearth.cli.stack_look:show", "Show a stack with its parameters and outputs."),
    "resources": lazy.Target("hearth.cli.stack_look:resources", "List a stack's resources, or show one."),
    "events": lazy.Target("hearth.cli.stack_look:events", "List what happened to a stack; follow it live."),
    "outputs": lazy.Target("hearth.cli.stack_look:outputs", "Show a stack's outputs, or the value of one."),
    "drift": lazy.Target("hearth.cli.stack_drift:drift", "Show what differs from the live objects; decide about it."),
    "template": lazy.Target("hearth.cli.stack_look:template", "Print a stack's template."),
    "environment": lazy.Target("hearth.cli.stack_look:environment", "Print a stack's environment."),
    "files": lazy.Target("hearth.cli.stack_look:files", "List a stack's files, or print one."),
    "failures": lazy.Target("hearth.cli.stack_resource:failures", "List what failed, with the whole reasons."),
    "hooks": lazy.Target("hearth.cli.stack_resource:hooks", "List the hooks that resources wait at; clear one."),
    "signal": lazy.Target("hearth.cli.stack_resource:signal", "Send a signal to a resource."),
    "metadata": lazy.Target("hearth.cli.stack_resource:metadata", "Show a resource's metadata."),
    "mark": lazy.Target("hearth.cli.stack_resource:mark", "Mark a resource as unhealthy, or as well again."),
}


@click.group("stack", cls=lazy.LazyGroup, targets=COMMANDS)
@options.credentials(listed=True)
def group() -> None:
    """Work with stacks.

    \b
    A first stack, with `hearth up` running:
      export OS_CLIENT_CONFIG_FILE=~/.local/share/hearth/clouds.yaml OS_CLOUD=hearth
      hearth stack create -t examples/demo.yaml demo
      hearth stack outputs demo
      hearth stack update -t examples/demo.yaml --parameter count=5 demo
      hearth stack delete --yes demo

    Credentials come from clouds.yaml, from OS_* variables, or from these options, as every OpenStack client takes them.
    """
