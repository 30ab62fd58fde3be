using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.NoEmit;

namespace Appliance.Perf;

/// <summary>Runs BenchmarkDotNet classes in this process: its usual child build would compile the whole solution once more for each job.</summary>
internal static class Benchmarks
{
    public static int Run(params Type[] classes)
    {
        var config = DefaultConfig.Instance.AddJob(Job.ShortRun.WithToolchain(InProcessNoEmitToolchain.Instance)).WithOptions(ConfigOptions.DisableOptimizationsValidator | ConfigOptions.JoinSummary);
        int failed = 0;
        foreach (var type in classes)
            foreach (var report in BenchmarkRunner.Run(type, config).Reports)
                if (!report.Success) failed++;
        return failed == 0 ? 0 : 1;
    }
}
