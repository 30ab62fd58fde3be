using System.Text;
using Appliance.Contract;
using Appliance.Host.Configuration;
using Appliance.Host.Native;
using Appliance.TestKit;

namespace Appliance.Tests.Host;

/// <summary>`placement: auto`: the shipped default gives the hot thread a processor where there is one to give.</summary>
[Collection(ProcessTests.Name)]
public class AutoPlacementTests
{
    private static HardwareProfile Shipped(string name)
    {
        var errors = new ConfigurationErrors();
        var profile = HardwareProfile.Load(RunFolder.Shipped($"hw-config/{name}"), errors);
        Assert.Empty(errors.Lines);
        return profile!;
    }

    [Theory]
    [InlineData(new[] { 0, 1 }, 2, 1)]
    [InlineData(new[] { 2, 5, 7 }, 3, 7)]
    [InlineData(new[] { 4 }, 1, -1)]
    // A container may run on all processors and use the time of one.
    [InlineData(new[] { 0, 1, 2, 3 }, 1, -1)]
    [InlineData(new int[0], 4, -1)]
    public void The_default_takes_the_last_processor_if_another_is_left(int[] allowed, int processors, int core)
    {
        HardwareProfile profile = AutoPlacement.Apply(Shipped("default.json"), allowed, processors);
        Assert.Equal((core, core >= 0 ? RingWait.BusySpin : RingWait.Yielding), (profile.Hot.Core, profile.Hot.Wait));
        Assert.Contains(core >= 0 ? $"core {core}, spinning (auto)" : "one processor only", AutoPlacement.Describe(profile), StringComparison.Ordinal);
    }

    [Fact]
    public void A_stated_placement_is_left_alone()
    {
        HardwareProfile stated = Shipped("dev-2core.json");
        Assert.Same(stated, AutoPlacement.Apply(stated, [0, 1, 2, 3], 4));
    }

    [Theory]
    [InlineData("paired", "-1", "placement")]
    [InlineData("fused", "3", "core")]
    public void What_auto_cannot_place_is_an_error_with_its_key(string topology, string core, string key)
    {
        var errors = new ConfigurationErrors();
        HardwareProfile.Parse(Encoding.UTF8.GetBytes($$"""{ "name": "x", "topology": "{{topology}}", "placement": "auto", "threads": { "hot": { "core": {{core}} } } }"""), "x.json", errors);
        Assert.Contains(key, Assert.Single(errors.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_says_where_its_hot_thread_was()
    {
        using var folder = new RunFolder();
        int[] allowed = Linux.AllowedCores();
        var (code, output, errors) = ApplianceProcess.Run("run", "--profile", RunFolder.Shipped("hw-config/default.json"), "--desk", RunFolder.Shipped("desk/demo.json"), "--seconds", "1", "--warm-up", "0", "--no-console", "--out", folder.Out, "--report", folder.ReportFile);
        Assert.True(code == 0, output + string.Join('\n', errors));
        var placement = folder.Report().GetProperty("placement");
        int expected = Math.Min(allowed.Length, Environment.ProcessorCount) >= 2 ? allowed[^1] : -1;
        Assert.Equal((expected, true, expected >= 0 ? "busy-spin" : "yielding"), (placement.GetProperty("hotCore").GetInt32(), placement.GetProperty("auto").GetBoolean(), placement.GetProperty("hotWait").GetString()));
        Assert.Contains("placement  the hot thread", output, StringComparison.Ordinal);
    }
}
