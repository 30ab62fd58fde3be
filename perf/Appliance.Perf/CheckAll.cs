using Appliance.Perf.Networks;
using Appliance.Perf.Ring;

namespace Appliance.Perf;

/// <summary>Each benchmark's tiny run. The ordinary tests call it, so that a benchmark which no longer compiles, runs or gives the right answer is noticed that day.</summary>
public static class CheckAll
{
    public static int Run()
    {
        History.Check();
        TrainingComparison.Check();
        RingComparison.Check();
        Pricing.ImpliedVolatilityComparison.Check();
        Pricing.GreeksFileBenchmark.Check();
        Pricing.QuantLibComparison.Check();
        NetworkComparison.Check();
        SimulatorComparison.Check();
        GateCost.Check();
        ReceiveCost.Check();
        Device.GpuBenchmark.Check();
        Fix.FixComparison.Check();
        Fix.FixResend.Check();
        Fix.FixTlsCost.Check();
        Console.WriteLine("check: every benchmark ran and its answer was right");
        return 0;
    }
}
