namespace Appliance.TestKit.Conformance;

/// <summary>
/// The mirror image of an acceptance script: the scripted peer is the venue, and the engine under test logs on to it. Each connection's opening (peer connects, peer's Logon,
/// engine's Logon) becomes: engine connects, engine's Logon, peer's Logon. What follows stays as it is, since after the logon the protocol has no sides.
/// </summary>
public static class MirroredScript
{
    private static bool IsLogon(ScriptStep step) => ScriptFile.FieldOf(step.Text, 35) == "A";

    /// <summary>Why the script has no mirror image; null when it has one.</summary>
    public static string? WhyNot(ScriptFile script)
    {
        var steps = script.Steps;
        if (steps.Select(s => s.Connection).Distinct().Count() > 1)
            return "it is about two connections at once, and an initiator makes one";
        for (int i = 0; i < steps.Count; i++)
            if (steps[i].Action == ScriptAction.Connect
                && !(i + 2 < steps.Count && steps[i + 1].Action == ScriptAction.Send && IsLogon(steps[i + 1]) && steps[i + 2].Action == ScriptAction.Expect && IsLogon(steps[i + 2])))
                return "it is about a first message that an acceptor turns away in silence; an initiator has spoken before, and tells its venue why it leaves";
        return null;
    }

    internal static IReadOnlyList<ScriptStep> Steps(ScriptFile script)
    {
        var mirrored = new List<ScriptStep>();
        var steps = script.Steps;
        for (int i = 0; i < steps.Count; i++)
        {
            if (steps[i].Action != ScriptAction.Connect)
            {
                mirrored.Add(steps[i]);
                continue;
            }
            // The step's text carries the heartbeat interval that the engine must announce.
            mirrored.Add(steps[i] with { Action = ScriptAction.ExpectConnect, Text = ScriptFile.FieldOf(steps[i + 1].Text, 108) ?? "30" });
            mirrored.Add(steps[i + 2]);
            mirrored.Add(steps[i + 1]);
            i += 2;
        }
        return mirrored;
    }
}
