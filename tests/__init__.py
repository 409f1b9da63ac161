"""A package, so that tests can share code: `from tests.servers import scrape`."""
