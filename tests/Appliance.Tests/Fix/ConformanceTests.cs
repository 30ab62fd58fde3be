using Appliance.Fix;
using Appliance.TestKit;
using Appliance.TestKit.Conformance;

namespace Appliance.Tests.Fix;

/// <summary>QuickFIX's acceptance scripts for FIX 4.2 and 4.4, against our acceptor and, where they have a mirror image, against our initiator, over TCP.</summary>
public class ConformanceTests
{
    [SharedDataTheory("fix/definitions")]
    [InlineData("fix42", "FIX42.xml", 58)]
    [InlineData("fix44", "FIX44.xml", 59)]
    public void The_acceptor_passes_every_script(string folder, string dictionary, int count)
    {
        var (runner, scripts) = Load(folder, dictionary);
        Assert.Equal(count, scripts.Count);
        var failed = scripts.Select(runner.Run).Where(r => !r.Passed).Select(r => $"{r.Name}: {r.Reason}");
        Assert.Empty(failed);
    }

    [SharedDataTheory("fix/definitions")]
    [InlineData("fix42", "FIX42.xml", 50)]
    [InlineData("fix44", "FIX44.xml", 51)]
    public void The_initiator_passes_every_script_that_has_a_mirror_image(string folder, string dictionary, int count)
    {
        var (runner, scripts) = Load(folder, dictionary);
        var mirrored = scripts.Where(s => MirroredScript.WhyNot(s) is null).ToList();
        Assert.Equal(count, mirrored.Count);
        var failed = mirrored.Select(runner.RunMirrored).Where(r => !r.Passed).Select(r => $"{r.Name}: {r.Reason}");
        Assert.Empty(failed);
    }

    /// <summary>The runner can fail: a script that asks for something else is told, with what came instead.</summary>
    [Theory]
    [InlineData("112=HELLO|", "112=HALLO|", "112")]
    [InlineData("112=HELLO|", "", "112")]
    [InlineData("112=HELLO|", "112=HELLO|58=x|", "58")]
    public void A_script_that_expects_something_else_fails(string sent, string expected, string told)
    {
        string text = $"""
            iCONNECT
            I8=FIX.4.4|35=A|34=1|49=TW|52=<TIME>|56=ISLD|98=0|108=30|
            E8=FIX.4.4|35=A|34=1|49=ISLD|52=00000000-00:00:00|56=TW|98=0|108=30|10=0|
            I8=FIX.4.4|35=1|34=2|49=TW|52=<TIME>|56=ISLD|{sent}
            E8=FIX.4.4|35=0|34=2|49=ISLD|52=00000000-00:00:00|56=TW|{expected}10=0|
            """;
        var result = RunText(text);
        Assert.False(result.Passed);
        Assert.Contains(told, result.Reason, StringComparison.Ordinal);
        Assert.StartsWith("line 5", result.Reason, StringComparison.Ordinal);
        Assert.Null(RunText(text.Replace("E8=FIX.4.4|35=0", "E8=FIX.4.4|35=0", StringComparison.Ordinal).Replace($"56=TW|{expected}10", $"56=TW|{sent}10", StringComparison.Ordinal)).Reason);
    }

    [Fact]
    public void A_script_that_waits_for_the_end_of_a_connection_that_stays_fails()
    {
        var result = RunText("""
            iCONNECT
            I8=FIX.4.4|35=A|34=1|49=TW|52=<TIME>|56=ISLD|98=0|108=30|
            E8=FIX.4.4|35=A|34=1|49=ISLD|52=00000000-00:00:00|56=TW|98=0|108=30|10=0|
            eDISCONNECT
            """);
        Assert.Equal("line 4: the connection stays", result.Reason);
    }

    private static ScriptResult RunText(string text)
    {
        string path = Path.Combine(Path.GetTempPath(), $"script-{Guid.NewGuid():N}.def");
        File.WriteAllText(path, text.Replace('|', '\u0001'));
        try
        {
            var script = ScriptFile.Read(path);
            return new ConformanceRunner(FixDictionaries.Shipped(FixVersion.Fix44), [script]).Run(script);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static (ConformanceRunner Runner, List<ScriptFile> Scripts) Load(string folder, string dictionary)
    {
        var scripts = Directory.EnumerateFiles(SharedData.Find($"fix/definitions/{folder}"), "*.def").Order(StringComparer.Ordinal).Select(ScriptFile.Read).ToList();
        return (new ConformanceRunner(new FixDictionaries(FixDictionaryReader.Read(SharedData.Find($"fix/{dictionary}"))), scripts), scripts);
    }
}
