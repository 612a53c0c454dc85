"""Horizon with heat-dashboard in a real browser: sign in, preview, launch, look at, update and delete a stack.

Run by `../scripted.py` with the Python of the client's environment. HORIZON_URL is where Horizon answers, HORIZON_USER
and HORIZON_PASSWORD who signs in, HORIZON_FOLDER where screenshots go. Prints a line `{case, problem}` for each case;
a case that needs what another one made goes wrong with it. Needs Chromium and its driver in PATH.
"""

import json
import os
import pathlib
import shutil
from collections.abc import Callable

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support import expected_conditions
from selenium.webdriver.support.ui import WebDriverWait

URL = os.environ["HORIZON_URL"]
FOLDER = pathlib.Path(os.environ["HORIZON_FOLDER"])
TEMPLATE = str(pathlib.Path(__file__).parents[1] / "templates" / "plain.yaml")
#: How long a page or a stack may take.
SECONDS = 180
NAME = "horizon"

cases: list[Callable[["Visit"], None]] = []


def case(function: Callable[["Visit"], None]) -> Callable[["Visit"], None]:
    cases.append(function)
    return function


class Visit:
    """A browser with the pages of one user."""

    def __init__(self) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium") or ""
        for one in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1400,1000"):
            options.add_argument(one)
        self.driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
        self.driver.set_page_load_timeout(SECONDS)

    def go(self, path: str) -> None:
        self.driver.get(URL + path)

    def wait(self, text: str) -> None:
        """Wait until the page shows a text."""
        WebDriverWait(self.driver, SECONDS, 1).until(
            lambda driver: text in driver.find_element(By.TAG_NAME, "body").text
        )

    def fill(self, **fields: str) -> None:
        for name, value in fields.items():
            field = self.driver.find_element(By.NAME, name)
            field.clear()
            field.send_keys(value)

    def submit(self) -> None:
        """Send the form of the page, and wait for the next page."""
        button = self.driver.find_element(By.CSS_SELECTOR, "form .btn-primary[type=submit], form input.btn-primary")
        self.driver.execute_script("arguments[0].scrollIntoView()", button)
        button.click()
        WebDriverWait(self.driver, SECONDS, 1).until(expected_conditions.staleness_of(button))
        for error in self.driver.find_elements(By.CSS_SELECTOR, ".alert-danger, .help-block.alert"):
            assert not error.text.strip(), error.text

    def template(self, path: str) -> None:
        """Give the template as a file."""
        self.go(path)
        self.driver.find_element(By.NAME, "template_upload").send_keys(TEMPLATE)
        self.submit()

    def stack(self) -> str:
        """The page of the stack."""
        self.go("/project/stacks/")
        return str(self.driver.find_element(By.LINK_TEXT, NAME).get_attribute("href"))

    def tab(self, name: str) -> None:
        """A tab of the page of the stack."""
        self.driver.get(self.stack())
        self.driver.find_element(By.LINK_TEXT, name).click()

    def reach(self, status: str) -> None:
        """Look at the list until the stack has a status there."""

        def seen(_: object) -> bool:
            self.go("/project/stacks/")
            return status in self.driver.find_element(By.TAG_NAME, "body").text

        WebDriverWait(self.driver, SECONDS, 2).until(seen)


@case
def sign_in(visit: Visit) -> None:
    visit.go("/auth/login/")
    visit.fill(username=os.environ["HORIZON_USER"], password=os.environ["HORIZON_PASSWORD"])
    visit.submit()
    assert "/auth/login" not in visit.driver.current_url


@case
def list_no_stacks(visit: Visit) -> None:
    visit.go("/project/stacks/")
    visit.wait("No items to display.")


@case
def preview_a_stack(visit: Visit) -> None:
    visit.template("/project/stacks/preview_template")
    visit.fill(stack_name=NAME)
    visit.submit()
    visit.wait("OS::Heat::TestResource")


@case
def launch_a_stack(visit: Visit) -> None:
    visit.template("/project/stacks/select_template")
    visit.fill(stack_name=NAME, timeout_mins="20", __param_value="launched")
    visit.submit()
    visit.reach("Create Complete")


@case
def list_stacks(visit: Visit) -> None:
    visit.go("/project/stacks/")
    visit.wait(NAME)


@case
def show_the_overview(visit: Visit) -> None:
    visit.tab("Overview")
    visit.wait("launched")


@case
def show_the_topology(visit: Visit) -> None:
    visit.tab("Topology")
    WebDriverWait(visit.driver, SECONDS, 1).until(
        lambda driver: len(driver.find_elements(By.CSS_SELECTOR, "svg .node")) > 1
    )


@case
def show_resources(visit: Visit) -> None:
    visit.tab("Resources")
    visit.wait("OS::Heat::Value")
    visit.driver.find_element(By.LINK_TEXT, "thing").click()
    visit.wait("state changed")


@case
def show_events(visit: Visit) -> None:
    visit.tab("Events")
    visit.wait("Stack CREATE completed successfully")


@case
def show_the_template(visit: Visit) -> None:
    visit.tab("Template")
    visit.wait("heat_template_version")


@case
def update_the_stack(visit: Visit) -> None:
    stack = visit.stack().rstrip("/").rpartition("/")[2]
    visit.template(f"/project/stacks/{stack}/change_template")
    visit.fill(__param_value="changed")
    visit.submit()
    visit.reach("Update Complete")
    visit.tab("Overview")
    visit.wait("changed")


@case
def suspend_and_resume_the_stack(visit: Visit) -> None:
    for action, status in (("suspend", "Suspend Complete"), ("resume", "Resume Complete"), ("check", "Check Complete")):
        visit.go("/project/stacks/")
        visit.driver.find_element(By.CSS_SELECTOR, "td.actions_column a.dropdown-toggle").click()
        button = visit.driver.find_element(By.CSS_SELECTOR, f"td.actions_column [id$=action_{action}]")
        WebDriverWait(visit.driver, SECONDS, 1).until(lambda _, button=button: button.is_displayed())
        button.click()
        visit.reach(status)


@case
def list_resource_types(visit: Visit) -> None:
    visit.go("/project/resource_types/")
    visit.wait("OS::Nova::Server")
    visit.go("/project/resource_types/OS::Heat::RandomString/")
    visit.wait("character_classes")


@case
def list_template_versions(visit: Visit) -> None:
    visit.go("/project/template_versions/")
    visit.wait("heat_template_version.2021-04-16")


@case
def delete_the_stack(visit: Visit) -> None:
    visit.go("/project/stacks/")
    # The box itself is hidden behind its label.
    visit.driver.find_element(By.CSS_SELECTOR, "td.multi_select_column label").click()
    visit.driver.find_element(By.ID, "stacks__action_delete").click()
    sure = WebDriverWait(visit.driver, SECONDS, 1).until(
        expected_conditions.element_to_be_clickable(
            (By.CSS_SELECTOR, ".modal-footer .btn-danger, .modal-footer .btn-primary")
        )
    )
    sure.click()
    visit.reach("No items to display.")


def main() -> None:
    visit = Visit()
    try:
        for number, one in enumerate(cases, 1):
            problem = None
            try:
                one(visit)
            except Exception as error:  # a case may end in any way; the others go on
                problem = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
            name = one.__name__.replace("_", " ")
            visit.driver.save_screenshot(str(FOLDER / f"{number:02} {name}.png"))
            print(json.dumps({"case": name, "problem": problem}), flush=True)
    finally:
        visit.driver.quit()


if __name__ == "__main__":
    main()
