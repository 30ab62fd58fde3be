using System.Diagnostics;
using Appliance.Contract;
using Appliance.Host.Composition;
using Appliance.Host.Configuration;
using Appliance.Host.Native;

namespace Appliance.Host.Latency;

/// <summary>The closed loop: the host feeds itself at full speed, this process is its venue. The figures are the host's own, in its report.</summary>
internal static class ClosedLoopRig
{
    /// <returns>The host's exit code; 1 where it measured another load than was asked for.</returns>
    public static int Run(HardwareProfile profile, string outFolder, long ticks, int options, int orderEvery, string report)
    {
        string folder = Path.Combine(outFolder, "latency");
        Directory.CreateDirectory(folder);
        using var venue = new FillingVenue(new InstrumentDefinition(0, TickPattern.Symbol, 10_000, 1, 100, 1, 1));
        string desk = Path.Combine(folder, "desk.json");
        // The same order is due again as soon as the loop comes round: a duplicate within no time.
        LatencyDesk.Write(desk, options, 26_499, venue.Port, duplicateWindowMilliseconds: 0);
        string session = Path.Combine(folder, "host");
        LatencyDesk.ForgetSession(session);
        using var host = OwnExecutable.Start(["run", "--profile", profile.File, "--desk", desk, "--out", session, "--no-console", "--warm-up", "2", "--report", report,
            "--synthetic-ticks", ticks.ToString(), "--synthetic-order-every", orderEvery.ToString()]);
        int core = profile.Hot.Core < 0 ? -1 : profile.Hot.Core == 0 ? 1 : 0;
        var thread = new Thread(() =>
        {
            if (core >= 0) Linux.PinThisThread(core);
            while (!host.HasExited)
            {
                // The journal's thread shares this core: it must get its turns.
                for (int i = 0; i < 64; i++) venue.Poll();
                Thread.Yield();
            }
        });
        thread.Start();
        thread.Join();
        Composition.SessionFolder.Delete(session, LatencyDesk.Session);
        return host.ExitCode != ExitCode.Done || LatencyDesk.Shortfall(report, ticks / orderEvery) is not { } why ? host.ExitCode : Fail(why);
    }

    private static int Fail(string why)
    {
        Console.Error.WriteLine("the run failed: " + why);
        return ExitCode.Failed;
    }
}
