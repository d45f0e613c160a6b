"""--org: an admin's verbs about another org's jobs mean those and never the admin's own of that name."""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import Shared, main, until  # noqa: E402


class OtherOrg(unittest.TestCase):
    """Both orgs have a job called "same" that runs."""

    @classmethod
    def setUpClass(cls):
        cls.p = Shared(engine="fake")
        cls.other = cls.p.somebody("other", "operator")
        for env in (cls.p.person, cls.other):
            cls.submit("same", env)
        cls.id = cls.p.mltop("orgs", "list", "-o", "json").json["data"][1]["org_id"]

    @classmethod
    def tearDownClass(cls):
        cls.p.close()

    @classmethod
    def submit(cls, name, env):
        made = cls.p.mltop("jobs", "submit", "--job-name", name, "--command", '["true"]', env=env)
        assert made.code == 0, made.err

    def ok(self, *words, **more):
        r = self.p.mltop(*words, **more)
        self.assertEqual((r.code, r.err), (0, ""))
        return r

    def refused(self, code, sentence, *words, **more):
        r = self.p.mltop(*words, **more)
        self.assertEqual((r.code, r.out, len(r.err.splitlines())), (code, "", 1), r.err)
        self.assertIn(sentence, r.err)

    def test_node_with_its_gpus(self):
        """What is inside a node stands indented below it; a list has only how many."""
        name = self.ok("nodes", "list", "-o", "name").out.strip()
        gpus = self.ok("nodes", "describe", name, "--json").json["gpus"]
        text = self.ok("nodes", "describe", name).out
        self.assertIn(f"  gpus                 {len(gpus)}\n    {gpus[0]['uuid']}\n      index            0\n", text)
        self.assertIn(f'gpus:\n-\n  uuid: "{gpus[0]["uuid"]}"\n  index: 0\n  state: ', self.ok("nodes", "describe", name, "-o", "yaml").out)
        self.assertNotIn("gpus", self.ok("nodes", "list", "--json").json["data"][0])
        self.assertEqual(self.ok("nodes", "list", "--columns", "gpus", "--no-headers").out.strip(), str(len(gpus)))
        self.refused(1, "filters do not look into it", "nodes", "list", "--filter", "gpus=2")

    def test_describe(self):
        self.assertEqual(self.ok("jobs", "describe", "same", "--json").json["org_name"], "main")
        for words in (["jobs", "describe", "same", "--org", self.id], ["--org", self.id, "jobs", "describe", "same"]):
            self.assertEqual(self.ok(*words, "--json").json["org_name"], "other")

    def test_both_are_in_the_list_of_all(self):
        """Rows are told apart by more than their name, also where only names are shown."""
        self.assertEqual(self.ok("jobs", "list", "--org", "-1", "--filter", "job_name=same", "-o", "name").out,
                         "same\nsame\n")

    def test_events(self):
        uid = self.ok("jobs", "describe", "same", "--org", self.id, "--json").json["uid"]
        events = self.ok("jobs", "events", "same", "--org", self.id, "--json").json["data"]
        self.assertEqual({e["object_uid"] for e in events}, {uid})

    def test_log(self):
        """The stream is told the org as well: a job of that org alone is only found so."""
        self.submit("theirs", self.other)
        until(lambda: self.p.mltop("logs", "theirs", env=self.other).out, "its first line")
        self.assertTrue(self.ok("logs", "theirs", "--org", self.id).out)
        self.refused(5, "there is no job theirs", "logs", "theirs")

    def test_changes_are_of_the_org_that_was_named(self):
        for env in (self.p.person, self.other):
            self.submit("doomed", env)
        self.ok("jobs", "delete", "-y", "doomed", "--org", self.id)
        until(lambda: self.p.mltop("jobs", "describe", "doomed", env=self.other).code == 5, "the other org's to go")
        self.ok("jobs", "describe", "doomed")
        self.refused(5, "there is no job doomed", "jobs", "cancel", "-y", "doomed", "--org", self.id)
        self.refused(5, "there is no org 999", "jobs", "delete", "-y", "doomed", "--org", "999")
        self.ok("jobs", "describe", "doomed")

    def test_by_its_name(self):
        """People know orgs by name: lists, one object, its log and changes take it as they take the id."""
        for words in (["jobs", "describe", "same", "--org", "other"], ["--org", "other", "jobs", "describe", "same"]):
            self.assertEqual(self.ok(*words, "--json").json["org_name"], "other")
        for env in (self.p.person, self.other):
            self.submit("named", env)
        self.assertEqual(self.ok("jobs", "list", "--org", "other", "--columns", "job_name", "--json").out,
                         self.ok("jobs", "list", "--org", self.id, "--columns", "job_name", "--json").out)
        until(lambda: self.p.mltop("logs", "named", env=self.other).out, "its first line")
        self.assertTrue(self.ok("logs", "named", "--org", "other").out)
        self.ok("jobs", "delete", "-y", "named", "--org", "other")
        until(lambda: self.p.mltop("jobs", "describe", "named", env=self.other).code == 5, "the other org's to go")
        self.ok("jobs", "describe", "named")
        self.refused(5, "there is no org nobody", "jobs", "list", "--org", "nobody")
        self.refused(4, "only an admin may", "jobs", "list", "--org", "main", env=self.other)

    def test_only_for_admins(self):
        self.refused(4, "only an admin may", "jobs", "delete", "-y", "same", "--org", "1", env=self.other)

    def test_where_it_means_nothing_it_is_no_flag(self):
        for words in (["jobs", "submit"], ["run"], ["quotas", "set"], ["platform", "status"]):
            self.refused(2, "--org is no flag here", *words, "--org", self.id)


if __name__ == "__main__":
    main()
