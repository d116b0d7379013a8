"""Who takes part in a mission: subscriptions, roles, invitations, log and layers."""

from pathlib import Path

from tests.hub.conftest import event, quiet, run
from tests.hub.marti.conftest import bench
from tests.hub.marti.on_missions import ONE, Client, sent, uids


def test_what_one_may_do_is_the_users_and_lasts(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path) as site:
            kadri, mart, aino = [await Client(site, name).connected() for name in ("kadri", "mart", "aino")]
            tablet = Client(site, "mart", "MART-2")
            await kadri.create()
            assert (await mart.put(uids=["U1"])).status == 403
            first = await mart.subscribe()
            assert (first.status, first.data["clientUid"], first.data["username"]) == (201, "MART", "mart")
            again = await mart.subscribe()
            assert (again.status, again.data) == (201, first.data)
            whole = await site.ask("/Marti/api/missions/Alpha/subscription", "aino", "PUT", params={"uid": "AINO"},
                                   headers={"API_VERSION": "3"})  # fmt: skip
            assert [one["type"] for one in whole.data["mission"]["missionChanges"]] == ["CREATE_MISSION"]
            assert (await mart.put(uids=["U1"])).status == 200
            assert (
                await mart.ask("/Alpha/role", "PUT", clientUid="MART", role="MISSION_OWNER")
            ).status == 403
            given = {"clientUid": "MART", "role": "MISSION_READONLY_SUBSCRIBER"}
            assert (await kadri.ask("/Alpha/role", "PUT", **given)).status == 200
            assert '<role type="MISSION_READONLY_SUBSCRIBER">' in (await mart.told("t-x-m-r")).decode()
            # Neither another client of the user's nor a new beginning gives it more.
            assert (await tablet.subscribe()).data["role"]["type"] == "MISSION_READONLY_SUBSCRIBER"
            assert (await mart.ask("/Alpha/subscription", "DELETE", uid="MART")).status == 200
            assert (await mart.ask("/Alpha/subscription", uid="MART")).status == 404
            assert (await mart.subscribe()).data["role"]["permissions"] == ["MISSION_READ"]
            assert (await mart.put(uids=["U2"])).status == 403
            # Nobody speaks for a client of somebody else's.
            assert (
                await mart.ask("/Alpha/contents", "PUT", creatorUid="KADRI", body={"uids": ["U3"]})
            ).status == 403
            assert (await mart.ask("/Alpha/subscription", uid="KADRI")).status == 404
            assert (await mart.ask("/Alpha/subscription", "DELETE", uid="KADRI")).status == 404
            roles = (await aino.ask("/Alpha/subscriptions/roles")).data
            assert {(one["clientUid"], one["username"]) for one in roles} == {
                ("KADRI", ""), ("MART", ""), ("MART-2", ""), ("AINO", "aino")
            }  # fmt: skip
            assert (await kadri.ask("/Alpha/subscriptions")).data == ["KADRI", "AINO", "MART-2", "MART"]
            there = (await kadri.ask("/Alpha/contacts")).json
            assert [one["uid"] for one in there] == ["KADRI", "MART", "AINO"]
            # Who subscribes for a uid of somebody else's does not take its place.
            assert (await Client(site, "aino", "KADRI").subscribe()).status == 201
            assert len((await mart.ask("/Alpha/contacts")).json) == 3
            many = [{"clientUid": "MART", "role": {"type": "MISSION_OWNER"}}]
            assert (await kadri.ask("/Alpha/subscription", "POST", body=many)).status == 200
            assert (await mart.ask("/Alpha/role")).data["type"] == "MISSION_OWNER"
            assert (
                await kadri.ask("/Alpha/role", "PUT", clientUid="MART", role="[object Object]")
            ).status == 400
            assert (await kadri.ask("/Alpha/token")).status == 201
            # A hub's admin is an owner of what its nation made; a viewer never writes.
            assert (await Client(site, "ülem").put(uids=["U9"])).status == 200
            assert (await Client(site, "vaatleja").put(uids=["U9"])).status == 403

    run(work())


def test_who_claims_a_subscribers_uid_is_told_nothing(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path) as site:
            kadri = await Client(site, "kadri").connected()
            await kadri.create()
            mart = await Client(site, "mart").connected()
            await mart.subscribe()
            thief = await Client(site, "aino", "MART").connected()
            await kadri.send(sent("U1"))
            await mart.told("<contentUid>U1")
            await quiet(site.hub)
            assert thief.count("t-x-m") == thief.count('uid="U1"') == 0

    run(work())


def test_the_invited_are_told_and_nobody_else(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path) as site:
            kadri, mart, aino, janis = [
                await Client(site, name).connected() for name in ("kadri", "mart", "aino", "janis")
            ]
            await kadri.create(inviteOnly="true")
            assert (await mart.ask("/Alpha")).status == (await mart.subscribe()).status == 404
            assert (await mart.ask("")).data == []
            role = "MISSION_READONLY_SUBSCRIBER"
            assert (
                await kadri.ask("/Alpha/invite/callsign/MART", "PUT", creatorUid="KADRI", role=role)
            ).status == 200
            notice = (await mart.told("t-x-m-i")).decode()
            assert ('type="INVITE"' in notice, "token=" in notice, f'<role type="{role}">' in notice) == (
                True,
            ) * 3
            (mine,) = (await mart.ask("/invitations", clientUid="MART")).data
            assert (mine["missionName"], mine["invitee"], mine["type"]) == ("Alpha", "MART", "callsign")
            assert (await mart.ask("/all/invitations")).data == ["Alpha"]
            assert (await mart.subscribe()).data["role"]["type"] == role
            assert (await mart.ask("/Alpha/invite/userName/aino", "PUT")).status == 403
            # Who takes the callsign later is not who was invited.
            await mart.stream.close()  # type: ignore[union-attr]
            other = await Client(site, "aino", "OTHER").connected()
            await other.send(event("OTHER", detail='<contact callsign="MART" endpoint="*:-1:stcp"/>'))
            await quiet(site.hub)
            assert (await aino.ask("/Alpha")).status == 404
            assert (await kadri.ask("/Alpha/invite/userName/aino", "PUT", creatorUid="KADRI")).status == 200
            await aino.told("t-x-m-i")
            assert (await aino.ask("/Alpha")).status == 200
            # No invitation leads past the rules of release.
            assert (await kadri.ask("/Alpha/invite", "POST", contacts=["JANIS,AINO"])).status == 200
            body = [{"type": "userName", "invitee": "janis"}, {"type": "group", "invitee": "__ANON__"}]
            assert (await kadri.ask("/Alpha/invite", "POST", body=body)).status == 200
            await quiet(site.hub)
            assert janis.count("t-x-m") == 0
            assert (await janis.ask("/Alpha")).status == 404
            assert len((await kadri.ask("/Alpha/invitations")).data) == 6
            assert (await kadri.ask("/Alpha/invite/callsign/MART", "DELETE")).status == 200
            assert (await kadri.ask("/Alpha/invite/callsign/MART", "DELETE")).status == 404
            assert (await kadri.ask("/Alpha/invite/rank/MART", "PUT")).status == 400

    run(work())


def test_the_log_is_written_by_members_and_kept_by_authors(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path) as site:
            kadri, mart, aino = [await Client(site, name).connected() for name in ("kadri", "mart", "aino")]
            await kadri.create()
            await kadri.create("Beta")
            entry = {"content": "seen", "creatorUid": "MART", "missionNames": ["Alpha"], "keywords": ["k"],
                     "dtg": "2026-11-28T10:00:00Z"}  # fmt: skip
            assert (await mart.ask("/logs/entries", "POST", body=entry)).status == 403
            await mart.subscribe()
            made = await mart.ask("/logs/entries", "POST", body=entry)
            assert (made.status, made.data["missionNames"], made.data["keywords"]) == (201, ["Alpha"], ["k"])
            await kadri.told("t-x-m-c-l")
            number = made.data["id"]
            # Sent again by a client that has heard nothing, it is not there twice.
            assert (await mart.ask("/logs/entries", "POST", body=entry)).data["id"] == number
            assert [one["id"] for one in (await kadri.ask("/Alpha/log")).data] == [number]
            assert (await aino.ask(f"/logs/entries/{number}")).data[0]["content"] == "seen"
            await aino.subscribe()
            changed = entry | {"id": number, "content": "seen twice"}
            assert (await aino.ask("/logs/entries", "PUT", body=changed)).status == 403
            assert (await mart.ask("/logs/entries", "PUT", body=changed)).data["content"] == "seen twice"
            assert (await mart.ask("/logs/entries", "POST", body=entry | {"dtg": "noon"})).status == 400
            assert (await mart.ask("/logs/entries", "POST", body=entry | {"missionNames": []})).status == 400
            both = entry | {"missionNames": ["Alpha", "Beta"], "dtg": None}
            assert (await mart.ask("/logs/entries", "POST", body=both)).status == 403
            assert (await kadri.ask("/logs/entries", "POST", body=both)).status == 201
            # An owner takes others' entries out of its mission, and out of that one alone.
            await mart.create("Gamma")
            wide = await mart.ask("/logs/entries", "POST", body=entry | {"missionNames": ["Gamma", "Alpha"]})
            assert wide.data["missionNames"] == ["Gamma", "Alpha"]
            other = f"/logs/entries/{wide.data['id']}"
            assert (await kadri.ask("/logs/entries", "PUT", body=wide.data | {"content": "no"})).status == 403
            assert (await kadri.ask(other, "DELETE")).status == 200
            assert (await kadri.ask(other)).data[0]["missionNames"] == ["Gamma"]
            assert (await kadri.ask(other, "DELETE")).status == 403
            assert (await mart.ask(other, "DELETE")).status == 200
            assert (await kadri.ask("/Beta", "DELETE")).status == 200
            assert [one["missionNames"] for one in (await kadri.ask("/Alpha/log")).data] == [["Alpha"]] * 2
            assert (await kadri.ask(f"/logs/entries/{number}", "DELETE")).status == 200
            assert (await kadri.ask(f"/logs/entries/{number}")).status == 404

    run(work())


def test_layers_hold_contents_and_layers(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=ONE) as site:
            kadri = await Client(site, "kadri").connected()
            await kadri.create()

            async def layer(uid: str, **params: str) -> int:
                reply = await kadri.ask(
                    "/Alpha/layers", "PUT", uid=uid, name=f"layer {uid}", creatorUid="KADRI", **params
                )
                return reply.status

            assert await layer("L1", type="GROUP") == 200
            notice = (await kadri.told("t-x-m-c-h")).decode()
            assert (
                "<missionLayer><name>layer L1</name><type>GROUP</type><uid>L1</uid></missionLayer>" in notice
            )
            assert await layer("L2", type="UID", parentUid="L1") == 200
            assert await layer("L3", type="UID", parentUid="L1", afterUid="") == 200
            assert await layer("L4", type="UID", parentUid="nowhere") == 404
            assert await layer("L4", type="FLAT") == 400
            assert await layer("L1", type="GROUP") == 200  # a repetition
            assert (await kadri.put(uids=["U1"], paths={"L2": [{"uids": ["U2"]}]})).status == 200
            await kadri.send(event("U3", "a-u-G", '<marti><dest mission="Alpha" path="L3"/></marti>'))
            await kadri.told("<contentUid>U3")
            (top,) = (await kadri.ask("/Alpha/layers")).data
            assert [one["uid"] for one in top["mission_layers"]] == ["L3", "L2"]
            assert [[item["data"] for item in one["uids"]] for one in top["mission_layers"]] == [
                ["U3"],
                ["U2"],
            ]
            assert (await kadri.ask("/Alpha/layers/L2/name", "PUT", name="other")).status == 200
            assert (await kadri.ask("/Alpha/layers/L2/position", "PUT")).status == 200
            assert (
                await kadri.ask("/Alpha/layers/parent", "PUT", layerUid="L1", parentUid="L2")
            ).status == 409
            assert (await kadri.ask("/Alpha/layers/parent", "PUT", layerUid="L3", parentUid="")).status == 200
            tree = (await kadri.ask("/Alpha/layers")).data
            assert [one["uid"] for one in tree] == ["L1", "L3"]
            assert tree[0]["mission_layers"][0]["name"] == "other"
            assert (await kadri.ask("/Alpha/layers", "DELETE", uid="L1,L3")).status == 200
            assert (await kadri.ask("/Alpha/layers")).data == []
            assert uids(await kadri.get()) == ["U1", "U2", "U3"]

    run(work())
