using System.CommandLine;
using System.Diagnostics;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Runtime.Intrinsics.X86;
using Appliance.Contract;
using Appliance.Host.Configuration;
using Appliance.Host.Native;

namespace Appliance.Host.Commands;

/// <summary>`appliance doctor`: does this machine match the profile?</summary>
internal static class DoctorCommand
{
    private enum Verdict { Good, Advice, Wrong }

    public static Command Make()
    {
        var profileOption = CommandLineOptions.Profile();
        var reference = new Option<bool>("--write-reference") { Description = "Write the schemas and the references of all file kinds into hw-config/, desk/ and desk/lab/, from the tables that check them." };
        var command = new Command("doctor", "Does this machine match the profile?\n\nExample: appliance doctor --profile hw-config/colo-8core.json") { profileOption, reference };
        command.SetAction(parsed => parsed.GetValue(reference) ? WriteReference() : Examine(AutoPlacement.Apply(CommandLineOptions.LoadProfile(parsed.GetValue(profileOption)!))));
        return command;
    }

    private static int Examine(HardwareProfile profile)
    {
        Console.WriteLine($"profile {profile.Name} ({profile.File}), topology {profile.Topology.ToString().ToLowerInvariant()}");
        int wrong = 0;
        foreach (var (verdict, what, cure) in Checks(profile))
        {
            if (verdict == Verdict.Wrong) wrong++;
            Console.WriteLine($"  {verdict switch { Verdict.Good => "good  ", Verdict.Advice => "advice", _ => "WRONG " }}  {what}{(cure == "" ? "" : ": " + cure)}");
        }
        Console.WriteLine(wrong == 0 ? "this machine can run the profile" : $"{wrong} of these must be mended before this profile can run here");
        return wrong == 0 ? ExitCode.Done : ExitCode.Failed;
    }

    private static IEnumerable<(Verdict, string What, string Cure)> Checks(HardwareProfile profile)
    {
        int cores = Environment.ProcessorCount;
        yield return cores >= profile.LowestCores ? (Verdict.Good, $"{cores} processors, the profile wants {profile.LowestCores}", "") : (Verdict.Wrong, $"{cores} processors, the profile wants {profile.LowestCores}", "take a profile for a smaller machine");

        var threads = Threads(profile).ToArray();
        foreach (var (name, placement) in threads)
        {
            if (placement.Core < 0) continue;
            if (placement.Core >= cores) yield return (Verdict.Wrong, $"thread {name} on core {placement.Core}", $"this machine has cores 0 to {cores - 1}");
            else yield return IsolatedCores().Contains(placement.Core)
                ? (Verdict.Good, $"thread {name} on core {placement.Core}, which is isolated", "")
                : (Verdict.Advice, $"thread {name} on core {placement.Core}, which the kernel also gives to others", $"boot with isolcpus={placement.Core} nohz_full={placement.Core} for stable tails");
        }
        if (profile.Hot.Core < 0) yield return (Verdict.Advice, AutoPlacement.Describe(profile), "");
        int spinning = threads.Count(t => t.Placement.Wait == RingWait.BusySpin);
        yield return spinning <= cores - 1 || cores == 1 && spinning <= 1
            ? (Verdict.Good, $"{spinning} busy-spinning threads on {cores} processors", "")
            : (Verdict.Wrong, $"{spinning} busy-spinning threads on {cores} processors", "leave one processor to the system: let a thread wait by yielding or sleeping");
        if (threads.Any(t => t.Placement.Scheduling == "fifo"))
        {
            int errno = OnThread(() => Linux.MakeThisThreadFifo(1));
            yield return errno == 0 ? (Verdict.Good, "real-time scheduling is allowed", "") : (Verdict.Wrong, $"real-time scheduling is refused ({Linux.Message(errno)})", "run with CAP_SYS_NICE, or set scheduling to \"other\"");
        }
        if (threads.Any(t => t.Placement.Scheduling == "fifo" && t.Placement.Wait == RingWait.BusySpin))
        {
            string runtime = ReadFirstLine("/proc/sys/kernel/sched_rt_runtime_us");
            yield return runtime is "-1" or ""
                ? (Verdict.Good, "real-time threads may spin without the kernel stopping them", "")
                : (Verdict.Wrong, $"a busy-spinning fifo thread is stopped for the rest of every period after {runtime} us of it", "echo -1 > /proc/sys/kernel/sched_rt_runtime_us (and keep a core for the system), or set scheduling to \"other\"");
        }
        if (profile.LockMemory)
        {
            int errno = Linux.LockAllMemory();
            // Only tried: with its pages locked, what this process maps and starts from here on would cost memory for good.
            if (errno == 0) Linux.UnlockAllMemory();
            yield return errno == 0 ? (Verdict.Good, "memory can be locked", "") : (Verdict.Wrong, $"memory cannot be locked ({Linux.Message(errno)})", "raise the memlock limit (ulimit -l unlimited), or set memory.lockPages to false");
        }
        string clock = ReadFirstLine("/sys/devices/system/clocksource/clocksource0/current_clocksource");
        yield return clock is "tsc" or "arch_sys_counter" ? (Verdict.Good, $"clock source {clock}", "") : (Verdict.Advice, $"clock source {(clock == "" ? "unknown" : clock)}", "reading it costs a system call; boot with tsc=reliable if the processor's counter is invariant");
        long readNs = ClockReadNs();
        yield return (readNs <= 60 ? Verdict.Good : Verdict.Advice, $"reading the clock costs {readNs} ns", readNs <= 60 ? "" : "stage stamps will cost as much each");
        string governor = ReadFirstLine("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
        if (governor != "") yield return governor == "performance" ? (Verdict.Good, "frequency governor performance", "") : (Verdict.Advice, $"frequency governor {governor}", "set it to performance");
        string hugePages = ReadFirstLine("/sys/kernel/mm/transparent_hugepage/enabled");
        if (hugePages.Contains("[always]", StringComparison.Ordinal)) yield return (Verdict.Advice, "transparent huge pages are always on", "set madvise: khugepaged can stall a hot thread");
        int granted = GrantedReceiveBuffer(profile.ReceiveBufferBytes);
        yield return granted >= profile.ReceiveBufferBytes ? (Verdict.Good, $"receive buffer of {profile.ReceiveBufferBytes:N0} bytes is granted", "") : (Verdict.Advice, $"receive buffer: asked {profile.ReceiveBufferBytes:N0} bytes, the kernel grants {granted:N0}", "raise net.core.rmem_max");
        bool multicast = NetworkInterface.GetAllNetworkInterfaces().Any(i => i.OperationalStatus == OperationalStatus.Up || i.NetworkInterfaceType == NetworkInterfaceType.Loopback);
        yield return multicast ? (Verdict.Good, "a network interface is up", "") : (Verdict.Wrong, "no network interface is up", "bring one up (the loopback serves the embedded venue)");
        yield return (Verdict.Good, $"vectors: {(Avx512F.IsSupported ? "AVX-512" : Avx2.IsSupported ? "AVX2" : "scalar")}", "");
        foreach (var status in new[] { Ring.Disruptor.DisruptorAdapter.Status, Fix.QuickFix.QuickFixAdapter.Status, Kernels.Ilgpu.IlgpuAdapter.Status })
        {
            bool wanted = status.Name switch { "Disruptor" => profile.RingImplementation == "disruptor", "QuickFix" => profile.GatewayImplementation == "quickfix", _ => profile.ComputeBackend == "ilgpu" };
            if (wanted) yield return status.IsBuilt ? (Verdict.Good, status.Sentence, "") : (Verdict.Wrong, status.Sentence, "");
        }
        foreach (var verdict in ComputeDevices(profile)) yield return verdict;
    }

    /// <summary>What ILGPU sees, and whether the profile's device is among it.</summary>
    private static IEnumerable<(Verdict, string What, string Cure)> ComputeDevices(HardwareProfile profile)
    {
        if (!Kernels.Ilgpu.IlgpuAdapter.Status.IsBuilt) yield break;
        var devices = Kernels.Ilgpu.IlgpuAdapter.Devices();
        foreach (var device in devices)
            yield return (Verdict.Good, $"compute device {device.Kind} {device.Index}: {device.Name}{(device.MemoryBytes > 0 ? $", {device.MemoryBytes / (1 << 20):N0} MiB" : ", ILGPU's simulator")}", "");
        if (profile.ComputeBackend != "ilgpu") yield break;
        var wanted = profile.ComputeDevice;
        if (!devices.Any(d => d.Kind == wanted.Device && d.Index == wanted.DeviceIndex))
            yield return (Verdict.Wrong, $"the profile computes on {wanted.Device} {wanted.DeviceIndex}, which is not here", "name one of those in compute.device and compute.deviceIndex");
        else if (wanted.Device == "cpu")
            yield return (Verdict.Advice, "the profile computes on ILGPU's simulator", "right answers, not speed: set compute.backend to \"auto\", or name a card");
    }

    internal static IEnumerable<(string Name, ThreadPlacement Placement)> Threads(HardwareProfile profile)
    {
        yield return ("hot", profile.Hot);
        if (profile.Topology != Topology.Fused) yield return ("decide", profile.Decide);
        if (profile.Topology == Topology.Staged) yield return ("gateway", profile.Gateway);
        yield return ("journal", profile.Journal);
    }

    private static HashSet<int> IsolatedCores()
    {
        var cores = new HashSet<int>();
        foreach (string part in ReadFirstLine("/sys/devices/system/cpu/isolated").Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] ends = part.Split('-');
            if (int.TryParse(ends[0], out int first) && int.TryParse(ends[^1], out int last))
                for (int i = first; i <= last; i++) cores.Add(i);
        }
        return cores;
    }

    private static long ClockReadNs()
    {
        long best = long.MaxValue;
        for (int round = 0; round < 5; round++)
        {
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < 1000; i++) Stopwatch.GetTimestamp();
            best = Math.Min(best, (Stopwatch.GetTimestamp() - start) / 1000);
        }
        return best;
    }

    private static int GrantedReceiveBuffer(int wanted)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.ReceiveBufferSize = wanted;
        return socket.ReceiveBufferSize / 2; // Linux answers twice what it granted, counting its own bookkeeping.
    }

    private static int OnThread(Func<int> body)
    {
        int result = 0;
        var thread = new Thread(() => result = body());
        thread.Start();
        thread.Join();
        return result;
    }

    private static string ReadFirstLine(string path)
    {
        try { return File.ReadLines(path).FirstOrDefault("").Trim(); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { return ""; }
    }

    private static int WriteReference()
    {
        string root = Path.GetDirectoryName(Path.GetDirectoryName(Path.GetFullPath(CommandLineOptions.Shipped("hw-config/default.json"))))!;
        foreach (var (name, text) in ReferenceFiles())
        {
            File.WriteAllText(Path.Combine(root, name), text);
            Console.WriteLine($"wrote {name}");
        }
        return ExitCode.Done;
    }

    /// <summary>What the generated files hold; a test compares them with what is checked in.</summary>
    internal static IEnumerable<(string Name, string Text)> ReferenceFiles()
    {
        yield return ("hw-config/schema.json", SchemaWriter.Schema(HardwareProfile.Keys, "Hardware profile of the hedging appliance"));
        yield return ("hw-config/REFERENCE.md", SchemaWriter.Reference(HardwareProfile.Keys, "Hardware profiles", "A profile says what the machine is and which thread runs where. It holds no trading limit. JSON with comments; a mistake is answered with file, line, key, what was seen and what is allowed, all at once."));
        yield return ("desk/schema.json", SchemaWriter.Schema(Desk.Keys, "Desk file of the hedging appliance"));
        yield return ("desk/REFERENCE.md", SchemaWriter.Reference(Desk.Keys, "Desk files", "A desk file says what to trade, with which policy, limits and sessions. It holds no core number. JSON with comments; a mistake is answered with file, line, key, what was seen and what is allowed, all at once."));
        yield return ("desk/lab/schema.json", SchemaWriter.Schema(LabSpecificationKeys.Keys, "Lab specification of the hedging appliance"));
        yield return ("desk/lab/REFERENCE.md", SchemaWriter.Reference(LabSpecificationKeys.Keys, "Lab specifications", "A specification says what the market does, what is owed, what it may be hedged with and at which cost, what is minimised, and how policies are trained and judged. JSON with comments; a mistake is answered with file, line, key, what was seen and what is allowed, all at once."));
    }
}
