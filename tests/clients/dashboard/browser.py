"""Hearth's own dashboard in a real browser: sign in, plan and create a stack, look at all of it, change and delete it.

    pip install selenium
    hearth up --detach && python tests/clients/dashboard/browser.py http://127.0.0.1:8700/dashboard/ FOLDER

Needs Chromium and its driver in PATH; screenshots go to the folder. Ends with 0 when all of it was seen.
"""

import pathlib
import shutil
import sys
from collections.abc import Callable

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

SECONDS = 60
NAME = "dashboard-word"
TABS = {
    "Resources": "OS::Heat::RandomString",
    "Graph": "",
    "Events": "Stack CREATE started",
    "Outputs": "length",
    "Template": "get_attr",
    "Drift": "Look now",
}


class Visit:
    """A browser at the dashboard."""

    def __init__(self, url: str, folder: pathlib.Path) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium") or ""
        for one in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1280,1000"):
            options.add_argument(one)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
        self.url, self.folder = url, folder
        self.driver.get(url)

    def element(self, css: str) -> WebElement:
        """The first such element, as soon as there is one."""
        return self._until(lambda driver: driver.find_element(By.CSS_SELECTOR, css))

    def says(self, text: str) -> None:
        """Wait until the page shows a text."""
        self._until(lambda driver: text in driver.find_element(By.TAG_NAME, "body").text)

    def press(self, label: str) -> None:
        """A button or a link, by its text."""
        path = f'//button[normalize-space()="{label}"] | //a[normalize-space()="{label}"]'

        def pressed(driver: webdriver.Chrome) -> bool:
            there = driver.find_element(By.XPATH, path)
            if there.is_enabled():
                there.click()  # the page may draw it anew at any moment: then it is looked for again
                return True
            return False

        self._until(pressed)

    def write(self, name: str, text: str) -> None:
        """Fill in a field."""
        field = self.element(f"[name={name}]")
        field.clear()
        field.send_keys(text)

    def picture(self, name: str) -> None:
        self.driver.save_screenshot(str(self.folder / f"{name}.png"))

    def _until(self, found: Callable[[webdriver.Chrome], object]) -> WebElement:
        ignored = (Exception,)
        return WebDriverWait(self.driver, SECONDS, 0.2, ignored_exceptions=ignored).until(found)


def run(url: str, folder: pathlib.Path) -> list[str]:
    """Go through all of it; what the browser complained about."""
    visit = Visit(url, folder)
    visit.write("user", "demo")
    visit.write("password", "wrong")
    visit.press("Sign in")
    visit.says("refuses these credentials")
    visit.write("password", "secret")
    visit.press("Sign in")
    visit.press("New stack")
    visit.write("stack_name", NAME)
    visit.write("length", "7")
    visit.press("Plan")
    visit.says("1 to create")
    visit.picture("plan")
    visit.press("Create the stack")
    visit.says("CREATE_COMPLETE")
    for tab, text in TABS.items():
        visit.press(tab)
        visit.says(text)
        if tab == "Graph":
            visit.element("svg .box")
        visit.picture(tab.lower())
    visit.press("Change")
    visit.write("length", "9")
    visit.press("Plan")
    visit.says("1 to replace")
    visit.press("Update the stack")
    visit.says("UPDATE_COMPLETE")
    visit.press("Protect")
    visit.press("Unprotect")
    visit.press("Delete…")
    visit.says("1 to delete")
    visit.picture("deletion")
    visit.press(f"Delete {NAME}")
    visit.says(f"{NAME} is gone.")
    visit.press("Sign out")
    visit.element("[name=user]")
    expected = ("401", "404")  # of the wrong password, and of the stack that was looked for and gone
    complaints = [one["message"] for one in visit.driver.get_log("browser") if one["level"] == "SEVERE"]
    visit.driver.quit()
    return [one for one in complaints if not any(f"status of {code}" in one for code in expected)]


if __name__ == "__main__":
    target = pathlib.Path(sys.argv[2])
    target.mkdir(parents=True, exist_ok=True)
    problems = run(sys.argv[1], target)
    print("\n".join(problems) or "All of it was seen.")
    sys.exit(1 if problems else 0)
