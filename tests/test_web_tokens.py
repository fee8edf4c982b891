"""Claims about the tokens of programs: from when until when they open what they are for."""

from pathlib import Path

from tests.accounts.kit import HR, House
from tests.webapp import serving_web


def test_a_token_is_good_until_the_microsecond_in_which_it_expires(tmp_path: Path) -> None:
    """It opens the pages of its roles for the days that were said, not a moment longer, nor when it was revoked."""
    with serving_web(tmp_path) as web:
        house = House(tmp_path, web.clock)
        secret = house.granting.add_token("pay", HR, 1, by="test")
        bearer = {"Authorization": f"Bearer {secret}"}
        statuses = [web.client.get("/hr", headers=bearer).status_code]
        web.clock.move(days=1, microseconds=-1)
        statuses.append(web.client.get("/hr", headers=bearer).status_code)
        web.clock.move(microseconds=1)
        statuses.append(web.client.get("/hr", headers=bearer).status_code)
        web.clock.move(days=-1)
        house.granting.revoke_token("pay", by="test")
        statuses.append(web.client.get("/hr", headers=bearer).status_code)

    assert statuses == [200, 200, 401, 401]
