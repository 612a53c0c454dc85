"""Types of the workflow service."""

from hearth.resources.mistral import cron_trigger, external_resource, workflow

TYPES = (
    workflow.Workflow,
    cron_trigger.CronTrigger,
    external_resource.ExternalResource,
)
