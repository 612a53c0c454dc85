"""The web dashboard: pages for a browser, which call the orchestration API as any other client does."""
