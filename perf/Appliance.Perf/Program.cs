using Appliance.Perf;
using Appliance.Perf.Networks;
using Appliance.Perf.Ring;

// Every verb is one comparison or one family of benchmarks. To add one, add a line here and call its tiny run in CheckAll:
// a benchmark that nobody runs rots, and one that does not check its answer measures nothing.
(string Verb, string Summary, Func<string[], int> Run)[] verbs =
[
    ("training", "training throughput beside PyTorch: training [--pairs N] [--seconds S]", TrainingComparison.Run),
    ("ring", "the ring beside Disruptor-net, a C++ queue and a raw cache-line hop: ring [--pairs N] [--cpus A,B] [--rounds N] [--events N] [--only hop|throughput|fused] [--bytes 32|64] [--report FILE]", RingComparison.Run),
    ("books", "one event through a book, top and features: BenchmarkDotNet", _ => Benchmarks.Run(typeof(BookBenchmark))),
    ("kernels", "Greeks of a batch, the expansion, a network: BenchmarkDotNet", _ => Benchmarks.Run(typeof(GreeksBenchmark))),
    ("implied-volatility", "implied volatility beside a scalar C++ program: implied-volatility [--pairs N] [--options N] [--report FILE]", Appliance.Perf.Pricing.ImpliedVolatilityComparison.Run),
    ("pricing", "Europeans, Americans and Heston beside QuantLib: pricing [--pairs N]", Appliance.Perf.Pricing.QuantLibComparison.Run),
    ("greeks-file", "a file of a million contracts through appliance greeks on one core: greeks-file [--rows N] [--runs N] [--cpu N]", Appliance.Perf.Pricing.GreeksFileBenchmark.Run),
    ("networks", "policy inference beside oneDNN: networks [--pairs N] [--cpu N] [--only NETWORK] [--weights fp32|bf16|int8] [--report FILE]", NetworkComparison.Run),
    ("simulators", "a step of a simulated path beside its floor: simulators [--rounds N]", SimulatorComparison.Run),
    ("gate", "an order with the whole gate and without, 10,000 instruments, 1,000 live orders: gate [--pairs N]", GateCost.Run),
    ("receive", "a datagram by one line, with a re-request server, and by two lines: receive [--pairs N] [--cpu N]", ReceiveCost.Run),
    ("gpu", "kernels on a device that ILGPU sees, and where it beats the processor: gpu [--device auto|cuda|opencl|cpu] [--report FILE]", Appliance.Perf.Device.GpuBenchmark.Run),
    ("fix", "FIX codec, round trip and stream beside QuickFIX C++ and a floor in C: fix [--pairs N] [--orders N] [--cpus OURS,VENUE] [--only encode|decode|roundtrip|sustained|in-process|resend]", Appliance.Perf.Fix.FixComparison.Run),
    ("fix-resend", "a resend of a million stored messages over loopback, with memory watched: fix-resend [--messages N] [--runs N] [--store FOLDER]", Appliance.Perf.Fix.FixResend.Run),
    ("fix-tls", "what TLS in a companion adds to a round trip: fix-tls [--pairs N] [--orders N] [--cpu N]", Appliance.Perf.Fix.FixTlsCost.Run),
    ("history", "the course of the judged figures, and what has become worse: history [--add REPORT]... [--only TEXT] [--file FILE]", History.Run),
    ("all", "every comparison and benchmark, one after another", arguments => new[]
    {
        RingComparison.Run(arguments),
        Appliance.Perf.Pricing.ImpliedVolatilityComparison.Run([]),
        Appliance.Perf.Pricing.GreeksFileBenchmark.Run([]),
        Appliance.Perf.Pricing.QuantLibComparison.Run([]),
        NetworkComparison.Run([]),
        GateCost.Run([]),
        ReceiveCost.Run([]),
        Appliance.Perf.Fix.FixComparison.Run([]),
        SimulatorComparison.Run([]),
        Benchmarks.Run(typeof(BookBenchmark), typeof(GreeksBenchmark)),
    }.Max()),
    ("check", "every benchmark once, tiny, with its answer checked and nothing timed", _ => CheckAll.Run()),
];

foreach (var verb in verbs)
{
    if (args.Length > 0 && args[0] == verb.Verb)
    {
        try { return verb.Run(args[1..]); }
        catch (ArgumentException bad)
        {
            Console.Error.WriteLine($"{verb.Verb}: {bad.Message}");
            return 2;
        }
    }
}

Console.WriteLine("usage: Appliance.Perf VERB [options]");
foreach (var verb in verbs) Console.WriteLine($"  {verb.Verb,-8} {verb.Summary}");
return args.Length == 0 || args[0] is "help" or "--help" ? 0 : 2;
