using System.CommandLine;
using System.Globalization;
using Appliance.Host.Configuration;
using Appliance.Host.Latency;
using Appliance.Host.Reports;

namespace Appliance.Host.Commands;

/// <summary>`appliance latency`: wire to wire beside the C floor, or the closed loop at full speed.</summary>
internal static class LatencyCommand
{
    public static Command Make()
    {
        var profile = CommandLineOptions.Profile();
        var outFolder = CommandLineOptions.Out();
        var report = CommandLineOptions.Report();
        var rate = new Option<double>("--rate") { Description = "Ticks a second, sent at their intended times (open loop).", DefaultValueFactory = _ => 20_000, HelpName = "HZ" };
        var seconds = new Option<double>("--seconds") { Description = "Length of the measurement, both sides together.", DefaultValueFactory = _ => 20, HelpName = "SECONDS" };
        var pairs = new Option<int>("--pairs") { Description = "Interleaved pairs of ours and the floor; below ten there is no verdict.", DefaultValueFactory = _ => 10, HelpName = "N" };
        var options = new Option<int>("--options") { Description = "Options in the portfolio.", DefaultValueFactory = _ => 200, HelpName = "N" };
        var every = new Option<int>("--order-every") { Description = "Every how many ticks the price moves, so that an order is due.", DefaultValueFactory = _ => 50, HelpName = "N" };
        var closed = new Option<bool>("--closed-loop") { Description = "Feed the host from within at full speed, instead of over the wire." };
        var ticks = new Option<long>("--ticks") { Description = "Ticks of the closed loop.", DefaultValueFactory = _ => 10_000_000, HelpName = "N" };
        var floor = new Option<string?>("--floor") { Description = "The compiled C floor; by default perf/peers/bin/udp_tcp_echo, made by `make peers`.", HelpName = "FILE" };
        var command = new Command("latency", """
            Measure the appliance from the datagram that moves a price to the order's bytes, beside a C program that does the least possible (the floor).

            Examples: appliance latency --profile hw-config/dev-2core.json --rate 20000 --seconds 20 --report latency.json
                      appliance latency --profile hw-config/dev-2core.json --closed-loop --ticks 10000000 --options 2000
            """) { profile, outFolder, report, rate, seconds, pairs, options, every, closed, ticks, floor };
        command.SetAction(parsed =>
        {
            var p = AutoPlacement.Apply(CommandLineOptions.LoadProfile(parsed.GetValue(profile)!));
            Require("--rate", parsed.GetValue(rate) is >= 1 and <= 1_000_000, parsed.GetValue(rate), "1 to 1000000");
            Require("--seconds", parsed.GetValue(seconds) is > 0 and <= 86_400, parsed.GetValue(seconds), "more than 0, at most 86400");
            Require("--pairs", parsed.GetValue(pairs) is >= 1 and <= 10_000, parsed.GetValue(pairs), "1 to 10000");
            Require("--options", parsed.GetValue(options) is >= 1 and <= 100_000, parsed.GetValue(options), "1 to 100000");
            Require("--order-every", parsed.GetValue(every) is >= 1 and <= 1_000_000, parsed.GetValue(every), "1 to 1000000");
            Require("--ticks", parsed.GetValue(ticks) >= 1, parsed.GetValue(ticks), "at least 1");
            string folder = parsed.GetValue(outFolder)!, file = parsed.GetValue(report) ?? Path.Combine(folder, "latency.json");
            OutputPlace.RequireFolder("--out", folder);
            OutputPlace.RequireReport(file);
            if (parsed.GetValue(closed)) return ClosedLoopRig.Run(p, folder, parsed.GetValue(ticks), parsed.GetValue(options), parsed.GetValue(every), file);
            string? floorFile = parsed.GetValue(floor) ?? CommandLineOptions.Shipped("perf/peers/bin/udp_tcp_echo");
            if (!File.Exists(floorFile))
            {
                if (parsed.GetValue(floor) is not null) throw new BadInputException($"{floorFile}: there is no such file");
                Console.Error.WriteLine("the C floor is not compiled here (make peers, which needs cc): measuring without it, so there is no ratio");
                floorFile = null;
            }
            Console.WriteLine($"placement  {AutoPlacement.Describe(p)}");
            using var rig = new WireRig(new WireRequest
            {
                Profile = p, OutFolder = folder, RateHz = parsed.GetValue(rate), Seconds = parsed.GetValue(seconds), Pairs = parsed.GetValue(pairs), Options = parsed.GetValue(options),
                OrderEvery = parsed.GetValue(every), Floor = floorFile,
            });
            var result = rig.Measure(Console.WriteLine);
            WireReport.Print(result);
            WireReport.Write(file, result, p, parsed.GetValue(rate), floorFile is not null);
            Console.WriteLine($"report     {file} and {Path.ChangeExtension(file, ".html")}");
            if (!result.All.KeptRate) Console.WriteLine("over all slices the load was not kept, so they decide nothing: " + WireReport.Lateness(result.All));
            string? why = !result.Undisturbed.KeptRate ? WireReport.Lateness(result.Undisturbed) : LatencyDesk.Shortfall(result.HostReport, result.All.OurMoves.Expected - result.All.OurMoves.Missed);
            if (why is null) return ExitCode.Done;
            Console.Error.WriteLine("the run failed: " + why);
            return ExitCode.Failed;
        });
        return command;
    }

    private static void Require(string option, bool holds, object seen, string allowed)
    {
        if (!holds) throw new BadInputException(string.Create(CultureInfo.InvariantCulture, $"{option}: saw {seen}, allowed is {allowed}"));
    }
}
